// SPDX-License-Identifier: Apache-2.0
// Elementwise arithmetic, with NumPy broadcasting between two operands.
#pragma once

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

enum class BinaryOp : uint8_t { add, subtract, multiply, divide };
enum class UnaryOp : uint8_t { negate, exp, log, sqrt, square, reciprocal, abs };

// Kernel slots. y has the broadcast shape of a and b; it may be a or b itself when its shape is that.
inline constinit Kernel<void(const Tensor& a, const Tensor& b, Tensor& y, BinaryOp op)> binary_forward{
    "binary_forward"};
inline constinit Kernel<void(const Tensor& x, Tensor& y, UnaryOp op)> unary_forward{"unary_forward"};
// grad_x = grad_y · op'(x), given x and y = op(x).
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x,
                             UnaryOp op)>
    unary_backward{"unary_backward"};
// y = scale · x + shift; y may be x.
inline constinit Kernel<void(const Tensor& x, Tensor& y, double scale, double shift)> affine_forward{
    "affine_forward"};

// Elementwise a ∘ b with broadcasting; same dtype and device (Error).
[[nodiscard]] Variable add(const Variable& a, const Variable& b);
[[nodiscard]] Variable subtract(const Variable& a, const Variable& b);
[[nodiscard]] Variable multiply(const Variable& a, const Variable& b);
[[nodiscard]] Variable divide(const Variable& a, const Variable& b);

// Elementwise f(x), of x's shape and dtype, by IEEE's rules: the logarithm and the root of a negative number
// are NaN, the logarithm and the reciprocal of 0 infinite.
[[nodiscard]] Variable negate(const Variable& x);
[[nodiscard]] Variable exp(const Variable& x);
[[nodiscard]] Variable log(const Variable& x);
[[nodiscard]] Variable sqrt(const Variable& x);
[[nodiscard]] Variable square(const Variable& x);
[[nodiscard]] Variable reciprocal(const Variable& x);
[[nodiscard]] Variable abs(const Variable& x);  // derivative 0 at 0

// scale · x + shift.
[[nodiscard]] Variable affine(const Variable& x, double scale, double shift = 0.0);

// target += what compute(own) leaves in `own`, memory like target's: for kernels that can only write.
template <class Compute>
void add_computed(Tensor& target, Compute&& compute) {
    Tensor own = Tensor::empty_like(target);
    compute(own);
    binary_forward(target, own, target, BinaryOp::add);
}

inline Variable operator+(const Variable& a, const Variable& b) {
    return add(a, b);
}
inline Variable operator-(const Variable& a, const Variable& b) {
    return subtract(a, b);
}
inline Variable operator*(const Variable& a, const Variable& b) {
    return multiply(a, b);
}
inline Variable operator/(const Variable& a, const Variable& b) {
    return divide(a, b);
}

}  // namespace unmask
