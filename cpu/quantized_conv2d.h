// SPDX-License-Identifier: Apache-2.0
// The portable quantized convolution, where oneDNN's is missing or not exact.
#pragma once

#include "engine/ops/quantized_conv2d.h"

namespace unmask {

// As the slot quantized_conv2d_forward.
void portable_quantized_conv2d(const Tensor& x, const Tensor& weight, const Tensor& multiplier,
                               const Tensor& bias, const Tensor& residual, Tensor& y,
                               const QuantizedConv2dParams& params);

}  // namespace unmask
