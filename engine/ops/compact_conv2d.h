// SPDX-License-Identifier: Apache-2.0
// Convolution over weights that are kept in fewer bits than float32, in which they are computed with:
//     bf16  weight[o, …] = values[o, …]
//     int8  weight[o, …] = scale[o] · values[o, …], scale[o] = max |weight[o, …]| / 127
// (symmetric, a scale for each output channel: Krishnamoorthi, "Quantizing deep convolutional networks for
// efficient inference", 2018). Inference only.
#pragma once

#include <string_view>

#include "engine/ops/conv2d.h"

namespace unmask {

enum class WeightFormat : uint8_t { f32, bf16, int8 };
// "f32", "bf16", "int8"; Error lists them when there is no such name.
[[nodiscard]] WeightFormat parse_weight_format(std::string_view name);
[[nodiscard]] std::string_view name_of(WeightFormat format);

struct CompactWeight {
    Tensor values;  // [O, …]: f32, bf16 or i8
    Tensor scale;   // [O], f32, for i8; else undefined
    // The same there; what is undefined stays so.
    [[nodiscard]] CompactWeight to(Device device) const;
};

// weight [O, …], f32 on the CPU (Error for others), finite; rounded to nearest. Compacting what expanded()
// gives changes nothing.
[[nodiscard]] CompactWeight compact_weight(const Tensor& weight, WeightFormat format);
// The float32 weight that is computed with, of a compact one on the CPU. Error for another device, and when
// the scale does not fit the values.
[[nodiscard]] Tensor expanded(const CompactWeight& weight);

// Kernel slot: x and y f32, weight bf16 or i8, otherwise as conv2d_forward; groups must be 1.
inline constinit Kernel<void(const Tensor& x, const Tensor& weight, const Tensor& scale, const Tensor& bias,
                             const Tensor& residual, Tensor& y, const Conv2dParams& params)>
    compact_conv2d_forward{"compact_conv2d_forward"};

// activation(conv2d(x) + bias + residual) in one pass, x [N, H, W, C] f32, weight [O, kh, kw, C]; bias and
// residual may be undefined; all on one device. Weights in f32 go the way of conv2d_fused. Error names what
// does not fit.
[[nodiscard]] Tensor compact_conv2d(const Tensor& x, const CompactWeight& weight, const Tensor& bias,
                                    const Tensor& residual, const Conv2dOptions& options,
                                    Activation activation);

// The same for x [N, C] and weight [O, C]: activation(x · weightᵀ + bias), [N, O].
[[nodiscard]] Tensor compact_linear(const Tensor& x, const CompactWeight& weight, const Tensor& bias,
                                    Activation activation);

}  // namespace unmask
