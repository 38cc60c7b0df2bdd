// SPDX-License-Identifier: Apache-2.0
// Depthwise convolutions (groups = C = O) of 3×3 and 5×5 taps by our own kernels; conv2d.cpp chooses them.
#pragma once

#include "engine/ops/conv2d.h"

namespace unmask {

// Whether these kernels serve the convolution: depthwise, 3×3 or 5×5, no dilation. Shapes as in conv2d.h.
[[nodiscard]] bool depthwise_conv2d_supported(const Shape& x, const Shape& weight, const Conv2dParams& params);

// The arguments of the slots of conv2d.h.
void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                              Tensor& y, const Conv2dParams& params);
void depthwise_conv2d_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                    const Conv2dParams& params);
void depthwise_conv2d_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                                      const Conv2dParams& params);

}  // namespace unmask
