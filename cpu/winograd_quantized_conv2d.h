// SPDX-License-Identifier: Apache-2.0
// Quantized 3×3 convolutions of stride 1 by Winograd's algorithm, F(2 × 2, 3 × 3): 16 products of 8-bit
// integers for four outputs instead of 36, and transformed weights that take 1.8 times the memory.
// Transformed inputs and weights are rounded to 8 bits again, so that it is not the exact arithmetic of
// engine/ops/quantized_conv2d.h but near it (docs/quantization.md). Sums are exact, so every processor gives
// the same bytes up to the rounding of the last step in float32. An image's result depends neither on the
// others of its batch nor on the number of threads.
#pragma once

#include "engine/ops/quantized_conv2d.h"

namespace unmask {

// Computes quantized_conv2d_forward where the mode (engine/compute_mode.h) and the shapes allow it and it
// wins over the direct form; else false, and nothing is done. The transform of frozen weights is kept with
// them.
[[nodiscard]] bool winograd_quantized_forward(const Tensor& x, const Tensor& weight, const Tensor& multiplier,
                                              const Tensor& bias, const Tensor& residual, Tensor& y,
                                              const QuantizedConv2dParams& params);

}  // namespace unmask
