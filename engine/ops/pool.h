// SPDX-License-Identifier: Apache-2.0
// Pooling over windows of NHWC maps: y[n, i, j, c] = max or mean of x over rows [i·stride - pad, … + kernel)
// and columns likewise; adaptive pooling takes the windows [floor(i·H / H'), ceil((i + 1)·H / H')).
#pragma once

#include <array>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

struct Pool2dParams {
    std::array<int, 2> kernel{2, 2};
    std::array<int, 2> stride{2, 2};
    std::array<int, 2> padding{0, 0};  // at most half the kernel
    bool count_padding = true;         // average: padding counts as zeros (PyTorch's default)
};

// The shape of what is pooled from x [N, H, W, C]. Errors as max_pool2d's, named by `op`.
[[nodiscard]] Shape pooled_shape(const char* op, const Shape& x, const Pool2dParams& params);

// Kernel slots. `argmax` (u8, y's shape) holds the winner's place in its window, row-major (the first of
// equals); it may be undefined when no gradient is wanted, and else a kernel has at most 255 taps. The
// maximum is taken of u8 and i8 too.
inline constinit Kernel<void(const Tensor& x, Tensor& y, Tensor& argmax, const Pool2dParams& params)>
    max_pool2d_forward{"max_pool2d_forward"};
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& argmax, Tensor& grad_x,
                             const Pool2dParams& params)>
    max_pool2d_backward{"max_pool2d_backward"};
inline constinit Kernel<void(const Tensor& x, Tensor& y, const Pool2dParams& params)> average_pool2d_forward{
    "average_pool2d_forward"};
inline constinit Kernel<void(const Tensor& grad_y, Tensor& grad_x, const Pool2dParams& params)>
    average_pool2d_backward{"average_pool2d_backward"};
// The output size is y's; y (and grad_y) may be f32 where x is bf16. accumulate: grad_x is added to.
inline constinit Kernel<void(const Tensor& x, Tensor& y)> adaptive_average_pool2d_forward{
    "adaptive_average_pool2d_forward"};
inline constinit Kernel<void(const Tensor& grad_y, Tensor& grad_x, bool accumulate)>
    adaptive_average_pool2d_backward{"adaptive_average_pool2d_backward"};

// x [N, H, W, C] -> y [N, H', W', C], H' = floor((H + 2 · padding - kernel) / stride) + 1, W' likewise;
// padding never wins. Errors: another rank, a kernel or stride below 1, padding of more than half the kernel,
// a map smaller than the kernel, more than 255 taps where a gradient is recorded. A NaN in the window is its
// maximum.
[[nodiscard]] Variable max_pool2d(const Variable& x, const Pool2dParams& params);
// The same shapes and Errors, of any number of taps.
[[nodiscard]] Variable average_pool2d(const Variable& x, const Pool2dParams& params);
// x [N, H, W, C] -> [N, height, width, C] in x's dtype. Error for another rank or a size of 0.
[[nodiscard]] Variable adaptive_average_pool2d(const Variable& x, int height, int width);
// [N, H, W, C] -> [N, C]; f32 where x is bf16, so that means keep their precision.
[[nodiscard]] Variable global_average_pool(const Variable& x);

}  // namespace unmask
