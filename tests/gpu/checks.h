// SPDX-License-Identifier: Apache-2.0
// What is checked on a GPU, without a test framework: the tests run it where a device exists, and the GPU
// suite carries it to machines that have nothing else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/compute.h"

namespace unmask {

struct CheckResult {
    std::string name;
    int cases = 0;
    std::vector<std::string> failures{};  // one line each: the case, what was found, what was expected
    double worst = 0.0;                   // the largest error over its bound
    std::vector<std::string> notes{};     // what was measured beside it, a line each

    // Adds a failure, and says it on stderr at once: a check that is ended from outside has said what it
    // found.
    void failed(std::string failure);
};

// Every row of the op-case table on the device against the CPU: in f32 against float64 with the row's own
// bounds, in tf32 with tf32_op_bound where that is larger, in bf16 against float64 of the same rounded inputs
// with bf16_op_bound. Only rows whose names contain `filter`.
inline constexpr double bf16_op_bound = 1.5e-2, tf32_op_bound = 2e-3;
[[nodiscard]] CheckResult check_op_cases(Device device, Precision precision, const std::string& filter = "");

// The convolutions of resnet34 and of mobilenet_v1 at 224 pixels, forward and back, in bf16 and f32: by the
// algorithms that timing chooses, as in training, against what the library suggests first where any algorithm
// will do. A gradient that is added to against one that is written and then added, what is fused as in
// inference against the convolution and then its epilogue. The op cases compute by the first suggestions
// alone, and by those for small shapes.
inline constexpr double bf16_convolution_bound = 6e-3, f32_convolution_bound = 2e-5, f32_weight_bound = 2e-4;
[[nodiscard]] CheckResult check_convolutions(Device device, int64_t images);

// The kernel for convolutions of few pixels (cuda/split_k_conv2d.h) for one and two images in bf16, alone and
// with what is fused, against the library's convolution and then its epilogue; and in four chains, eager and
// recorded, against none, the same bytes. Both functions are part of programs that have the kernels.
[[nodiscard]] CheckResult check_split_k_conv2d(Device device, int recorded_runs);
// How long those of one image take, by each number of slices and by the library's first suggestion, and
// products of few rows, as notes.
[[nodiscard]] CheckResult time_few_pixels(Device device);

// Every parity case in the folder (and below) whose file name contains `filter`: f32 by the rule of
// tests/parity/README.md. tf32 products and bf16 activations have bounds of their own, on a group's relative
// error: see checks_parity.cpp.
[[nodiscard]] CheckResult check_parity(Device device, Precision precision,
                                       const std::filesystem::path& folder, const std::string& filter = "");

// The same `steps` training steps twice, with the branches in lockstep and side by side, recorded as a graph
// against eager, and with the device's tuning written and read back in between: the same bytes. For the
// backbone with four branches at 64 pixels, in f32 and bf16.
inline constexpr int determinism_cases = 12;
[[nodiscard]] CheckResult check_determinism(Device device, const std::string& backbone, int steps);

// One forward pass in training mode of a detector of two resnet18, whose norms and biases are drawn as if it
// had learned: in that precision against float32 on the same device. The bounds are on the relative error of
// each branch's last map and each head's logits, about twice the worst that the emulated GPU shows. One
// kernel call that misses its activation, drops its bias or takes another branch's weights breaks them
// (tests/cuda/rounding_test.cpp); of other faults nothing is shown. Gradients say nothing: where ReLU's
// argument is near zero, roundings decide what passes back. Nor do the other backbones, which enlarge
// roundings ten times more.
inline constexpr double bf16_map_bound = 0.065, bf16_logits_bound = 0.08;
inline constexpr double tf32_map_bound = 0.0065, tf32_logits_bound = 0.0065;
[[nodiscard]] CheckResult check_rounding(Device device, Precision precision);

// Every augmentation alone and all together, with mixup, in f32 and as training takes it (bf16, eight
// channels): the CPU's pixels but for a share of values that are rounded the other way.
inline constexpr double augment_share = 1e-4;
[[nodiscard]] CheckResult check_input(Device device);

// Adam's and SGD's updates against the CPU's, with and without a guard that forbids them.
inline constexpr double optimizer_bound = 2e-7;
[[nodiscard]] CheckResult check_optimizer(Device device);

// Quantizing and its inverse, max pooling of levels, and convolutions over 8-bit integers and over compact
// weights, against the portable path: quantizing and pooling to the same levels, the convolutions with at
// most that share of levels rounded the other way, one at least.
inline constexpr double integers_bound = 1e-6, integers_share = 2e-3;
[[nodiscard]] CheckResult check_integer_ops(Device device);
// A small detector of resnet18 or mobilenet_v1 in 8-bit integers: each convolution against the portable
// path's of the same levels, with that share of them rounded the other way; the logits' relative error; and a
// step that is recorded against eager with the same bytes. The bounds of the logits are what the emulated GPU
// shows where that share of every convolution's levels is one off, in any of 24 draws at most 0.125 and
// 0.0023, and a margin. Whichever convolution drops its bias is told; of resnet18's the logits tell it too,
// of mobilenet_v1's, which hardly tell one picture from another, only where it is near the end
// (tests/cuda/integers_test.cpp).
inline constexpr double resnet_integers_bound = 0.17, mobilenet_integers_bound = 0.005;
inline constexpr int resnet_convolutions = 2 * 20, mobilenet_convolutions = 2 * 27;  // of two branches
[[nodiscard]] CheckResult check_quantized_detector(Device device, const std::string& backbone);
// Both, for resnet18 and mobilenet_v1.
[[nodiscard]] CheckResult check_integers(Device device);

// The result as a line of a table, with its failures (at most 50) and notes below.
[[nodiscard]] std::string report(const CheckResult& result);

}  // namespace unmask
