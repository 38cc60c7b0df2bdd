// SPDX-License-Identifier: Apache-2.0
// Dense convolution of few pixels, as a picture or two give: an implicit matrix product whose depth (K, a
// filter's elements) is cut among blocks, since tiles of the result alone would leave most of a GPU idle.
#pragma once

#include "engine/ops/conv2d.h"
#include "engine/tensor.h"

namespace unmask {

// Whether the kernel takes the operands: bf16, no groups, channels of x and y in multiples of 8, all of them
// aligned to 16 bytes, and few enough pixels for it to be worth a try. bias and residual may be undefined.
[[nodiscard]] bool split_k_conv2d_supported(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                            const Tensor& residual, const Tensor& y,
                                            const Conv2dParams& params);

// conv2d_forward of operands that are supported: y = activation(x * weight + bias + residual), summed in
// float32 in an order that the shapes alone decide.
void split_k_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                            Tensor& y, const Conv2dParams& params);

}  // namespace unmask
