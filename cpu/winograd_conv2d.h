// SPDX-License-Identifier: Apache-2.0
// 3×3 convolutions of stride 1, forward of stride 2 too, by Winograd's algorithm (cpu/winograd_tile.h), and
// forward the 7×7 ones of a first layer (cpu/winograd_stem.h): the products of a tile become as many products
// of matrices [tiles, C] · [C, O]. Float32. 2.25 times fewer multiplications than the direct form with m = 2,
// 4 times with m = 4, 4.6 times with m = 5, 1.44 times with stride 2; the transformed weights that are kept
// take 4 (m = 4), 2.3 (m = 5, along one axis) and 2.8 times (stride 2) their memory; of wide layers with few
// tiles the taps are kept, and for batches of many tiles nothing (cpu/winograd_tiling.h). An image's result
// depends neither on what else is in its batch nor on the number of threads; where wide layers have few tiles
// an image its rounding depends on how many images there are.
#pragma once

#include "engine/ops/conv2d.h"

namespace unmask {

// Computes conv2d_forward where the mode (engine/compute_mode.h) and the shapes allow it and it wins over the
// direct form; else false, and nothing is done. The transform of frozen weights is kept with them.
[[nodiscard]] bool winograd_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                    const Tensor& residual, Tensor& y, const Conv2dParams& params);
// The same of conv2d_backward_data and conv2d_backward_weight.
[[nodiscard]] bool winograd_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                                          const Conv2dParams& params);
[[nodiscard]] bool winograd_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                                            const Conv2dParams& params);

}  // namespace unmask
