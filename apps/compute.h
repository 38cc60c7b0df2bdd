// SPDX-License-Identifier: Apache-2.0
// Where and how precisely a command computes.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/compute_mode.h"
#include "engine/tensor.h"
#include "models/detector.h"

namespace unmask {

// f32: float32 throughout. tf32: float32 whose products have 10 bits of mantissa. bf16: activations and the
// weights that meet them in bf16; parameters, statistics, heads and losses in float32. The CPU computes in
// f32. int8: measured inference of a model that is quantized for it (`unmask bench`); model files say
// themselves whether they are (models/quantization.h).
enum class Precision : uint8_t { f32, tf32, bf16, int8 };
// "f32", "tf32", "bf16", "int8"; Error lists them when there is no such name.
[[nodiscard]] Precision parse_precision(std::string_view name);
[[nodiscard]] std::string_view name_of(Precision precision);

struct Compute {
    Device device = cpu_device;
    Precision precision = Precision::f32;
    BranchSchedule schedule = BranchSchedule::automatic;
    Winograd winograd = Winograd::inference;  // on the CPU
    int recomputed_stages = no_stage;         // in training, see Detector::set_recompute
};

// The number of threads meant: the machine's cores for 0.
[[nodiscard]] int resolved_threads(int threads);

// Which of them were asked for, and so stay where a run is taken up (see take_run_options).
struct ComputeGiven {
    bool device = false, precision = false, schedule = false, winograd = false, recompute = false,
         nondeterministic = false;
};

// Channels of the images that a GPU makes of pictures: RGB and zeros up to 16 bytes a pixel. cuDNN's
// convolutions for tensor cores would else pad a copy of the images at every pass.
[[nodiscard]] int gpu_image_channels(Precision precision);
// What a model's images are held in.
[[nodiscard]] DType image_dtype(Precision precision);
// Images [n, size, size, 3] as the model takes them: on the device, in image_dtype, on a GPU with
// gpu_image_channels.
[[nodiscard]] Tensor model_input(const Tensor& images, const Compute& compute);
// Error when a device of that type does not compute in that precision, and for a schedule that cannot
// recompute. Sets the libraries' mode (see engine/compute_mode.h). Opens no device: for one of several
// processes, which each take another GPU.
void set_compute(const Compute& compute, bool deterministic);
// The same with the device opened. Error when it is not there.
void prepare_compute(const Compute& compute, bool deterministic);
// From here on algorithms are timed where they are chosen.
void time_algorithms();

}  // namespace unmask
