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

[[nodiscard]] Variable softmax(const Variable& x);
[[nodiscard]] Variable log_softmax(const Variable& x);

}  // namespace unmask
