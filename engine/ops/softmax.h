// SPDX-License-Identifier: Apache-2.0
// Softmax over the last dimension, e^(x_j - m) / Σ_k e^(x_k - m) with m the row's maximum, and its logarithm.
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// Kernel slots; `logarithm` chooses log-softmax. backward works from the result y.
inline constinit Kernel<void(const Tensor& x, Tensor& y, bool logarithm)> softmax_forward{"softmax_forward"};
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& y, Tensor& grad_x, bool logarithm)>
    softmax_backward{"softmax_backward"};

// x [..., n] -> the same shape and dtype, each row adding up to 1. Error for an undefined x or one without
// elements in its last dimension.
[[nodiscard]] Variable softmax(const Variable& x);
// The logarithm of softmax(x), which does not overflow; Errors as of that.
[[nodiscard]] Variable log_softmax(const Variable& x);

}  // namespace unmask
