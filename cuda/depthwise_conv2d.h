// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution by kernels of our own: groups = C = O, x [N, H, W, C], weight [C, kh, kw, 1].
// Operands are f32 or bf16 (sums in float32), all of one dtype, none empty, and enqueued on the stream of
// their device.
#pragma once

#include "engine/ops/conv2d.h"
#include "engine/tensor.h"

namespace unmask {

// Whether the kernels take these shapes (all three directions); the dense library path serves the others.
[[nodiscard]] bool depthwise_conv2d_supported(const Shape& x, const Shape& weight,
                                              const Conv2dParams& params);

// y = activation(x * weight + bias + residual); bias [C] and residual (y's shape) may be undefined;
// activation none, relu or silu.
void depthwise_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const Tensor& residual, Tensor& y, const Conv2dParams& params);
// params.activation is not looked at in the two gradients.
void depthwise_conv2d_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                    const Conv2dParams& params);
// Sums in a fixed order, so that every run gives the same bytes.
void depthwise_conv2d_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                                      const Conv2dParams& params);

}  // namespace unmask
