// SPDX-License-Identifier: Apache-2.0
// Where and how precisely a command computes.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/tensor.h"
#include "models/detector.h"

namespace unmask {

// f32: float32 throughout. tf32: float32 whose products have 10 bits of mantissa. bf16: activations and the
// weights that meet them in bf16; parameters, statistics, heads and losses in float32. The CPU computes in
// f32.
enum class Precision : uint8_t { f32, tf32, bf16 };
// "f32", "tf32", "bf16"; Error lists them when there is no such name.
[[nodiscard]] Precision parse_precision(std::string_view name);
[[nodiscard]] std::string_view name_of(Precision precision);

struct Compute {
    Device device = cpu_device;
    Precision precision = Precision::f32;
    BranchSchedule schedule = BranchSchedule::separate;
};

// Channels of the images that a GPU makes of pictures: RGB and one of zeros, since convolutions there load a
// pixel's channels as one vector.
inline constexpr int gpu_image_channels = 4;
// What a model's images are held in.
[[nodiscard]] DType image_dtype(Precision precision);
// Images as the model takes them: on the device, in image_dtype.
[[nodiscard]] Tensor model_input(const Tensor& images, const Compute& compute);
// Error when the device is not there or does not compute in that precision. Sets the libraries' mode (see
// engine/compute_mode.h).
void prepare_compute(const Compute& compute, bool deterministic);
// From here on algorithms are timed where they are chosen.
void time_algorithms();

}  // namespace unmask
