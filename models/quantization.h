// SPDX-License-Identifier: Apache-2.0
// A detector whose branches compute in 8-bit integers: weights with a scale for each output channel,
// activations with one for each convolution's result, found beforehand on pictures
// (models/quantization_calibrator.h). Fusion and heads stay in float32. ResNet and MobileNet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/safetensors.h"
#include "models/detector.h"

namespace unmask {

// "branches.0.layer1.0.conv1.output_scale" -> what one level of that convolution's result is worth, and
// "branches.0.conv1.input_scale" for the image of a branch's first.
using ActivationScales = std::map<std::string, float>;
inline constexpr const char *output_scale_suffix = ".output_scale", *input_scale_suffix = ".input_scale";

struct Quantization {
    ActivationScales scales;
    std::string range;  // how the scales were found: "max", "percentile", "mse"
    std::string data;   // what on
    int64_t pictures = 0;
};

// From the next prepare_inference() on the branches compute in integers. Error names the scale that is
// missing, unknown or not positive and finite, and the backbone that has no form in integers.
void set_activation_scales(Detector& detector, const ActivationScales& scales);
// Whether the detector has scales.
[[nodiscard]] bool has_activation_scales(Detector& detector);

// In a model file: metadata "arithmetic" (int8), "quantized_on", "quantized_on_pictures", "quantized_range",
// and a tensor [1] in f32 for each scale.
void put_quantization(TensorFile& file, const Quantization& quantization);
// Takes the scales out of the tensors. Nothing for a model that computes in float32. Error names what does
// not fit.
[[nodiscard]] std::optional<Quantization> take_quantization(
    const std::map<std::string, std::string>& metadata, std::map<std::string, Tensor>& tensors);

}  // namespace unmask
