// SPDX-License-Identifier: Apache-2.0
// Convolutions with one input and one output channel a group: direct loops, vectorised over channels.
#pragma once

#include "engine/ops/conv2d.h"

namespace unmask {

[[nodiscard]] inline bool is_depthwise(const Shape& weight, const Conv2dParams& params) {
    return params.groups > 1 && weight[0] == params.groups && weight[3] == 1;
}

template <class T>
void depthwise_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                       Tensor& y, const Conv2dParams& params);
template <class T>
void depthwise_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                             const Conv2dParams& params);
template <class T>
void depthwise_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                               const Conv2dParams& params);

}  // namespace unmask
