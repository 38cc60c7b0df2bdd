// SPDX-License-Identifier: Apache-2.0
// Reductions over some dimensions, and their opposite, broadcasting.
#pragma once

#include <vector>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

enum class ReduceOp : uint8_t { sum, mean, max };

// Kernel slots. y has x's rank, with size 1 in every reduced dimension; the sums run in a fixed order
// whatever the number of threads.
inline constinit Kernel<void(const Tensor& x, Tensor& y, ReduceOp op)> reduce_forward{"reduce_forward"};
// The gradient of max goes to the first of equal elements, in row-major order.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x)>
    reduce_max_backward{"reduce_max_backward"};
// y = scale · x, x repeated along the dimensions where it has size 1 (same rank).
inline constinit Kernel<void(const Tensor& x, Tensor& y, double scale)> broadcast_forward{
    "broadcast_forward"};

// Reduced over `axes` (negative ones count from the end; none means all). keep_dims leaves size 1 in their
// place.
[[nodiscard]] Variable sum(const Variable& x, const std::vector<int>& axes = {}, bool keep_dims = false);
[[nodiscard]] Variable mean(const Variable& x, const std::vector<int>& axes = {}, bool keep_dims = false);
[[nodiscard]] Variable max(const Variable& x, const std::vector<int>& axes = {}, bool keep_dims = false);

// x repeated to the shape by NumPy's rules; Error when it does not broadcast to it.
[[nodiscard]] Variable broadcast_to(const Variable& x, const Shape& shape);

// The sum of a gradient down to the shape that was broadcast to it; the tensor itself when the shapes agree.
[[nodiscard]] Tensor sum_to_shape(const Tensor& gradient, const Shape& shape);

}  // namespace unmask
