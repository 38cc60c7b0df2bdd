// SPDX-License-Identifier: Apache-2.0
// Numbers as 8-bit integers with one scale for a whole tensor (Jacob et al., "Quantization and training of
// neural networks for efficient integer-arithmetic-only inference", 2018; symmetric, so that zero stays
// zero):
//     x ≈ scale · q,  q = clamp(round(x / scale)), round to nearest even; u8: 0 … 255, i8: -128 … 127.
// Inference only.
#pragma once

#include "engine/kernel.h"

namespace unmask {

// The largest q of u8 or i8.
[[nodiscard]] constexpr int largest_level(DType dtype) {
    return dtype == DType::u8 ? 255 : 127;
}

// Kernel slots: x f32, y u8 or i8, and the other way round; of one shape.
inline constinit Kernel<void(const Tensor& x, Tensor& y, float scale)> quantize_forward{"quantize_forward"};
inline constinit Kernel<void(const Tensor& x, Tensor& y, float scale)> dequantize_forward{
    "dequantize_forward"};

// What is not a number becomes 0. Error for another dtype than f32, another `dtype` than u8 or i8, and a
// scale that is not positive and finite.
[[nodiscard]] Tensor quantize(const Tensor& x, float scale, DType dtype);
// scale · x, f32. Error for another dtype than u8 or i8, and for the scale.
[[nodiscard]] Tensor dequantize(const Tensor& x, float scale);

}  // namespace unmask
