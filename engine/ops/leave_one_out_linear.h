// SPDX-License-Identifier: Apache-2.0
// Linear heads over the features Z = [z_1 … z_n] of n branches, d each: a joint head over all of them and,
// for each branch, a leave-one-out head over the others:
//     y[0] = Z · Wᵀ + b,   y[1 + i] = (Z \ z_i) · W_iᵀ + b_i.
// Nothing is concatenated and no zero block is multiplied.
#pragma once

#include <vector>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

inline constexpr int64_t most_leave_one_out_branches = 8;
inline constexpr int64_t most_leave_one_out_classes = 8;

// Kernel slots. weights: the joint head's [c, n · d], then, with more than one branch, the leave-one-out
// heads' [c, (n - 1) · d]; biases [c] each.
inline constinit Kernel<void(const Tensor& z, const std::vector<Tensor>& weights,
                             const std::vector<Tensor>& biases, Tensor& y)>
    leave_one_out_linear_forward{"leave_one_out_linear_forward"};
// grad_parameters takes each head's weight gradient and, behind it, its bias gradient, head after head.
// grad_z and grad_parameters may be undefined: not wanted.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& z, const std::vector<Tensor>& weights,
                             Tensor& grad_z, Tensor& grad_parameters)>
    leave_one_out_linear_backward{"leave_one_out_linear_backward"};

// z [N, n · d] -> [n + 1, N, c], or [1, N, c] with a single branch. weights and biases are the joint head's
// and the leave-one-out heads', in order; 1 to 8 branches, 1 to 8 classes.
[[nodiscard]] Variable leave_one_out_linear(const Variable& z, const std::vector<Variable>& weights,
                                            const std::vector<Variable>& biases);

// Elements of z's row that head h leaves out, [begin, end): none for the joint head 0.
struct LeftOut {
    int64_t begin, end;
};
[[nodiscard]] constexpr LeftOut left_out(int64_t head, int64_t heads, int64_t features) {
    if (head == 0) return {features, features};
    const int64_t size = features / (heads - 1);
    return {(head - 1) * size, head * size};
}

}  // namespace unmask
