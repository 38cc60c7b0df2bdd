// SPDX-License-Identifier: Apache-2.0
// Average pooling by kernels of our own: what the slots of engine/ops/pool.h ask for, enqueued on the stream
// of the operands' device. f32 or bf16; the result, or the gradient written, may be of the other dtype.
#pragma once

#include "engine/ops/pool.h"

namespace unmask {

void average_pool_forward(const Tensor& x, Tensor& y, const Pool2dParams& params);
void average_pool_backward(const Tensor& grad_y, Tensor& grad_x, const Pool2dParams& params);
void adaptive_average_pool_forward(const Tensor& x, Tensor& y);
void adaptive_average_pool_backward(const Tensor& grad_y, Tensor& grad_x, bool accumulate);

}  // namespace unmask
