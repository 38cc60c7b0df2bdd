// SPDX-License-Identifier: Apache-2.0
// 2-D convolution (cross-correlation): x [N, H, W, C], weight [O, kh, kw, C / groups], y [N, H', W', O],
//     y[n, i, j, o] = bias[o] + Σ x[n, i·stride - pad + p·dilation, j·stride - pad + q·dilation, c] ·
//     weight[o, p, q, c], H' = floor((H + pad_top + pad_bottom - dilation·(kh - 1) - 1) / stride) + 1, W'
//     likewise.
// groups = C = O is the depthwise convolution.
#pragma once

#include <array>

#include "engine/kernel.h"
#include "engine/ops/activation.h"
#include "engine/variable.h"

namespace unmask {

// What a caller asks for: (height, width) pairs, padding symmetric or TensorFlow's "same".
struct Conv2dOptions {
    std::array<int, 2> stride{1, 1};
    std::array<int, 2> padding{0, 0};
    std::array<int, 2> dilation{1, 1};  // 1: neighbouring taps touch
    int groups = 1;
    bool same_padding =
        false;  // H' = ceil(H / stride); the odd pixel of padding goes to the bottom and right
};

// The same with the padding worked out for one input size, as kernels take it.
struct Conv2dParams {
    std::array<int, 2> stride{1, 1};
    std::array<int, 2> padding_before{0, 0};  // top, left
    std::array<int, 2> padding_after{0, 0};   // bottom, right
    std::array<int, 2> dilation{1, 1};
    int groups = 1;
    Activation activation = Activation::none;  // after bias and residual; forward only (none, relu, silu)
    bool operator==(const Conv2dParams&) const = default;
};

// Kernel slots. bias [O] and residual (y's shape, added before the activation) may be undefined.
inline constinit Kernel<void(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             const Tensor& residual, Tensor& y, const Conv2dParams& params)>
    conv2d_forward{"conv2d_forward"};
// accumulate: grad_x is added to.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                             const Conv2dParams& params, bool accumulate)>
    conv2d_backward_data{"conv2d_backward_data"};
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                             const Conv2dParams& params)>
    conv2d_backward_weight{"conv2d_backward_weight"};

// Error names what does not fit: ranks, channels against groups, an empty result.
[[nodiscard]] Conv2dParams conv2d_params(const Shape& x, const Shape& weight, const Conv2dOptions& options);
// The result's shape [N, H', W', O]; a size is 0 where the kernel's reach does not fit. Checks nothing else.
[[nodiscard]] Shape conv2d_shape(const Shape& x, const Shape& weight, const Conv2dParams& params);

// bias may be undefined.
[[nodiscard]] Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                              const Conv2dOptions& options = {});

// Inference only, nothing is recorded: activation(conv2d(x) + bias + residual) in one pass. bias and residual
// may be undefined; all are of x's dtype and device (Error). Behind a ReLU oneDNN makes zeros of sums that
// are NaN (its maximum with 0; the portable kernels and Winograd's pass them on): who must see them looks at
// the weights, as layers/conv_norm_activation.h does.
[[nodiscard]] Tensor conv2d_fused(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                  const Tensor& residual, const Conv2dOptions& options,
                                  Activation activation);

}  // namespace unmask
