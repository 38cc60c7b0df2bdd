// SPDX-License-Identifier: Apache-2.0
// A detector on disk: one safetensors file that says all that is needed to use it. Convolution weights are
// OHWI (the engine's own layout, stated in the metadata), so that nothing is permuted on loading.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "losses/objective.h"
#include "models/detector.h"

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
    std::map<std::string, std::string> training;  // whatever the trainer wants to have on record
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

// Error, in one line that names the file: no such format, a version of the future, another layout, metadata
// missing or out of range, tensors missing, unknown or of a wrong shape. The detector is allocated when all
// fits, not before.
[[nodiscard]] LoadedDetector load_detector(const std::filesystem::path& path);

}  // namespace unmask
