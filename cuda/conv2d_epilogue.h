// SPDX-License-Identifier: Apache-2.0
// What follows a convolution where the library does not fuse it.
#pragma once

#include "engine/ops/activation.h"
#include "engine/tensor.h"

namespace unmask {

// In place: y = activation(y + bias + residual), y [N, H, W, O] or any shape that ends in O, f32 or bf16
// (computed in float32). bias [O] and residual (y's shape), both in y's dtype, may be undefined; activation
// is none, relu or silu. Enqueued on the stream of y's device; y is not empty.
void conv2d_epilogue(const Tensor& bias, const Tensor& residual, Tensor& y, Activation activation);

}  // namespace unmask
