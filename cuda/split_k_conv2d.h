// SPDX-License-Identifier: Apache-2.0
// Dense convolution of few pixels, as a picture or two give: an implicit matrix product whose depth (K, a
// filter's elements) is cut among blocks, since tiles of the result alone would leave most of a GPU idle.
#pragma once

#include <vector>

#include "engine/ops/conv2d.h"
#include "engine/tensor.h"

namespace unmask {

// Into how many slices the depth may be cut for the operands, as far as that is worth a try, fewest first.
// None where the kernel does not take them: it takes bf16, no groups, channels of x and y in multiples of 8,
// addresses aligned to 16 bytes and few pixels. bias and residual may be undefined.
[[nodiscard]] std::vector<int> split_k_conv2d_slices(const Tensor& x, const Tensor& weight,
                                                     const Tensor& bias, const Tensor& residual,
                                                     const Tensor& y, const Conv2dParams& params);

// conv2d_forward of such operands: y = activation(x * weight + bias + residual), summed in float32 in an
// order that the shapes and the number of slices decide.
void split_k_conv2d_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                            Tensor& y, const Conv2dParams& params, int slices);

}  // namespace unmask
