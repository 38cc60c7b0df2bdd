// SPDX-License-Identifier: Apache-2.0
// Post-training quantization: a model file that computes in 8-bit integers out of one in float32.
#pragma once

#include <filesystem>
#include <string>

#include "apps/compute.h"
#include "layers/activation_histogram.h"
#include "models/checkpoint.h"

namespace unmask {

struct QuantizeOptions {
    std::filesystem::path model;
    std::filesystem::path calibration;  // a manifest, or a folder of face crops
    std::string split = "val";          // of the manifest, where it has splits
    int pictures = 256;                 // at most so many, evenly spaced over the rows
    int batch = 8;
    int threads = 1;  // that decode
    RangeRule range = RangeRule::max;
    Compute compute{};
};

// The model with its scales and filters in int8, for save_detector. Error for a model that is quantized
// already or has no form in integers, and where there are no pictures.
[[nodiscard]] LoadedDetector quantize_model(const QuantizeOptions& options);

}  // namespace unmask
