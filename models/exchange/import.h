// SPDX-License-Identifier: Apache-2.0
// A detector out of any file that holds one, or the beginning of one:
//   a model file of this program, or the PyTorch file that it was exported to
//   a state dict under this program's names, or under those of the paper's published code
//   a classifier's state dict (torchvision's resnet18/34/50 and efficientnet_b0; the usual MobileNetV1 of
//   PyTorch, with names model.0.0.weight …): every branch begins with its weights, fusion and heads are drawn
//   from a seed.
// Formats: state_dict.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/checkpoint.h"

namespace unmask {

// What is not given is taken from the file, or is DetectorOptions's where the file does not say it.
struct ImportOptions {
    std::optional<std::string> backbone;
    std::optional<int> branches;
    std::optional<double> width;
    std::optional<int> size;
    std::optional<double> dropout;
    uint64_t seed = 0;            // of what the file lacks
    bool paper_reads_bgr = true;  // the paper's code gave its network pictures as BGR; false: it was mended
};

struct ImportedDetector {
    LoadedDetector loaded;
    std::string kind;                  // "a detector of this program", …
    std::vector<std::string> notices;  // what was left out, drawn anew, turned round
};

// Error names the file, and what is missing, unknown, of another shape or contrary to the options.
[[nodiscard]] ImportedDetector import_detector(const std::filesystem::path& path,
                                               const ImportOptions& options);

}  // namespace unmask
