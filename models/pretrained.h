// SPDX-License-Identifier: Apache-2.0
// Weights of a classifier from elsewhere as the beginning of every branch: a torchvision state dict, as
// trained on ImageNet, in a safetensors file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/safetensors.h"
#include "models/detector.h"

namespace unmask {

// Whether the file is one of this program's detectors rather than such a state dict.
[[nodiscard]] bool is_detector_file(const TensorFile& file);

// Copies the weights and running statistics of `file`, named and laid out (OIHW) as torchvision's, into every
// branch, which all begin alike then; heads and fusion stay as they are. Counters of batches and the
// classifier (fc, classifier) are left out; returns the latter's names. Error names `path` and the first
// tensor that is missing, unknown or of another shape: another architecture or width. Nothing is copied then.
std::vector<std::string> load_pretrained(Detector& detector, const TensorFile& file,
                                         const std::filesystem::path& path);

}  // namespace unmask
