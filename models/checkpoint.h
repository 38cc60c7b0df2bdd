// SPDX-License-Identifier: Apache-2.0
// A detector on disk: one safetensors file that says all that is needed to use it. Convolution weights are
// OHWI (the engine's own layout, stated in the metadata), so that nothing is permuted on loading.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/safetensors.h"
#include "losses/objective.h"
#include "models/calibration.h"
#include "models/detector.h"
#include "models/quantization.h"

namespace unmask {

// How a picture becomes the detector's input.
struct Preprocessing {
    std::array<double, 3> mean{0.485, 0.456, 0.406};       // RGB, of pixels in [0, 1]
    std::array<double, 3> deviation{0.229, 0.224, 0.225};  // positive
    double face_margin = 1.3;  // side of the square crop over the longer side of the face's box; positive
    int crop_size = 256;   // pixels, side of the crop before it is resized to the detector's size; positive
    bool aligned = false;  // whether the crops are turned and scaled by the face's landmarks
    bool operator==(const Preprocessing&) const = default;
};

struct CheckpointInfo {
    Preprocessing preprocessing;
    std::optional<Calibration> calibration{};     // nothing: the scores are as the network gives them
    std::map<std::string, std::string> training;  // whatever the trainer wants to have on record
    // What the file keeps the filters of convolutions and fully connected layers in; biases, norms and
    // depthwise filters are in float32 always. A detector computes in float32 whatever its file holds, but
    // for what is said by `quantization`.
    WeightFormat weights = WeightFormat::f32;
    std::optional<Quantization> quantization{};  // nothing: float32
};

struct LoadedDetector {
    std::unique_ptr<Detector> detector;
    CheckpointInfo info;
    std::map<std::string, Tensor> objective;  // for Objective::load_state; empty when none was saved
    std::map<std::string, Tensor> extra;      // what was saved besides: an optimizer's state
};

// Writes the file atomically; the same content gives the same bytes. objective may be null.
void save_detector(const std::filesystem::path& path, const Detector& detector,
                   const Objective* objective = nullptr, const CheckpointInfo& info = {},
                   const std::map<std::string, Tensor>& extra = {});

// Error, in one line that names the file: no such format (with the command that converts it, where it is
// PyTorch's), a version of the future, another layout, metadata missing or out of range, tensors missing,
// unknown or of a wrong shape. The detector is allocated when all fits, not before.
[[nodiscard]] LoadedDetector load_detector(const std::filesystem::path& path);
// The same of a file's bytes in memory, which the detector goes on using where it can instead of copying (see
// read_safetensors); such a detector is for inference: its parameters may be read-only.
[[nodiscard]] LoadedDetector load_detector(std::span<const std::byte> bytes, std::string_view name,
                                           const std::shared_ptr<const void>& owner);

// What save_detector writes, and a detector out of it, with the errors of load_detector; `name` stands for
// the file. A file that is moved in takes no more memory than one in float32, whatever its weights are in.
[[nodiscard]] TensorFile detector_content(const Detector& detector, const Objective* objective,
                                          const CheckpointInfo& info,
                                          const std::map<std::string, Tensor>& extra);
[[nodiscard]] LoadedDetector parse_detector(TensorFile file, std::string_view name);

// The metadata "layout": of this program's files, and of the same content in PyTorch's layout, which
// parse_detector does not take.
inline constexpr const char* detector_layout = "OHWI";
inline constexpr const char* torch_detector_layout = "OIHW";

// Error names the tensor that holds anything but finite numbers, or a variance below 0: such a network would
// still answer.
void check_values(const std::map<std::string, Tensor>& state);
// Writes the model file `path` to `output`, which may be the same, with another calibration, and with `extra`
// beside what is saved there; all else stays. Error as load_detector, and for a calibration out of range.
void save_calibration(const std::filesystem::path& path, const std::filesystem::path& output,
                      const Calibration& calibration, const std::map<std::string, Tensor>& extra = {});

}  // namespace unmask
