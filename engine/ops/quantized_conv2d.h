// SPDX-License-Identifier: Apache-2.0
// Convolution over 8-bit integers with sums in 32 bits. x, the residual and y stand for scale · integer, each
// with a scale of its own (engine/ops/quantize.h); weights have one for each output channel. With s = Σ x ·
// weight:
//     y = clamp(round(factor · activation(multiplier[o] · (s[n, i, j, o] + bias[o]) + residual)))
// round to nearest even, all after the sum in float32; by Winograd's algorithm (engine/compute_mode.h) s is
// not exact. Inference only.
#pragma once

#include "engine/ops/compact_conv2d.h"

namespace unmask {

// What a quantized convolution computes with besides its operands; the tensors are frozen.
struct QuantizedFilters {
    Tensor weight;      // [O, kh, kw, C / groups], i8, in -127 … 127
    Tensor multiplier;  // [O], f32, positive: what one of the sum is worth in units of the residual, or of y
    Tensor bias;        // [O], f32, in units of the sum
    float factor = 1.0f;  // what one unit of the residual is worth in units of y
    // The same there, frozen too.
    [[nodiscard]] QuantizedFilters to(Device device) const;
};

// The scales of a convolution's operands.
struct ConvolutionScales {
    float input = 1.0f;
    float residual = 0.0f;  // 0: there is none
    float output = 1.0f;
};

// weight in i8 with its scales, bias [O] in f32 as of the convolution over real numbers. A channel whose
// weights are nothing beside its bias becomes one of zeros. Error for other dtypes or shapes, a scale that is
// not positive and finite, and more products in a sum than 32 bits hold.
[[nodiscard]] QuantizedFilters quantized_filters(const CompactWeight& weight, const Tensor& bias,
                                                 const ConvolutionScales& scales);

struct QuantizedConv2dParams {
    Conv2dParams conv;  // activation: none or relu
    float factor = 1.0f;
};

// Kernel slot: x, residual (or undefined) and y u8 or i8, y's shape as of conv2d_forward.
inline constinit Kernel<void(const Tensor& x, const Tensor& weight, const Tensor& multiplier,
                             const Tensor& bias, const Tensor& residual, Tensor& y,
                             const QuantizedConv2dParams& params)>
    quantized_conv2d_forward{"quantized_conv2d_forward", LibraryDTypes::f32_and_8_bit};

// x [N, H, W, C] u8 or i8; residual of the result's shape, u8 or i8, or undefined, as the filters' scales
// say; all on one device. The result is u8 behind a ReLU, else i8. Error names what does not fit.
[[nodiscard]] Tensor quantized_conv2d(const Tensor& x, const QuantizedFilters& filters,
                                      const Tensor& residual, const Conv2dOptions& options,
                                      Activation activation);
// The dtype of the result.
[[nodiscard]] constexpr DType quantized_dtype(Activation activation) {
    return activation == Activation::relu ? DType::u8 : DType::i8;
}

}  // namespace unmask
