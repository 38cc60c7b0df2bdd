// SPDX-License-Identifier: Apache-2.0
// Channels weighted image by image, as squeeze-and-excitation does: x, y [N, H, W, C], scale [N, C],
//     y[n, h, w, c] = x[n, h, w, c] · scale[n, c].
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// Kernel slots. scale has x's dtype, or is f32 where x is bf16.
inline constinit Kernel<void(const Tensor& x, const Tensor& scale, Tensor& y)> channel_scale_forward{
    "channel_scale_forward"};
// grad_x = grad_y · scale and grad_scale = Σ_{h,w} grad_y · x, summed in a fixed order; either may be
// undefined (not wanted). They have the shapes and dtypes of x and scale.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, const Tensor& scale, Tensor& grad_x,
                             Tensor& grad_scale)>
    channel_scale_backward{"channel_scale_backward"};

// Error names what does not fit: rank, shape, dtype, device.
[[nodiscard]] Variable channel_scale(const Variable& x, const Variable& scale);

}  // namespace unmask
