// SPDX-License-Identifier: Apache-2.0
// Bilinear resize of NHWC maps with half-pixel centres (PyTorch's align_corners=False, no antialiasing):
// source row of output row i is max((i + 0.5)·H / H' - 0.5, 0), between its two neighbours by distance.
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// Kernel slots; the sizes are those of the tensors.
inline constinit Kernel<void(const Tensor& x, Tensor& y)> resize_bilinear_forward{"resize_bilinear_forward"};
inline constinit Kernel<void(const Tensor& grad_y, Tensor& grad_x)> resize_bilinear_backward{
    "resize_bilinear_backward"};

// x [N, H, W, C] -> [N, height, width, C] in x's dtype. Error for another rank or a size of 0.
[[nodiscard]] Variable resize_bilinear(const Variable& x, int height, int width);

}  // namespace unmask
