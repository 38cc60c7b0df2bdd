// SPDX-License-Identifier: Apache-2.0
// The first layer of a ResNet, 7 × 7 taps of stride 2 on an image's few channels, by Winograd's algorithm, in
// float32. Space to depth: pixels are taken in squares of 2 × 2, whose values count as channels, four times
// as many of them, with 4 × 4 taps and stride 1. F(3 × 3, 4 × 4) has 36 products for 3 × 3 outputs and each
// of these channels: 16 a channel of the image and output, where the direct form has 49.
#pragma once

#include "engine/ops/conv2d.h"

namespace unmask::winograd {

// Computes conv2d_forward where the shapes allow it (up to four channels) and a third of the products is
// saved; else false, and nothing is done. Whether the mode (engine/compute_mode.h) allows it the caller asks.
// The transform of frozen weights is kept with them. An image's result depends neither on the others of its
// batch nor on the number of threads.
[[nodiscard]] bool winograd_stem_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                         const Tensor& residual, Tensor& y, const Conv2dParams& params);

}  // namespace unmask::winograd
