// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/elementwise.h"

#include "engine/ops/check.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

Tensor binary(const char* name, const Tensor& a, const Tensor& b, BinaryOp op) {
    Tensor y = Tensor::empty(broadcast_shape(name, a.shape(), b.shape()), a.dtype(), a.device());
    binary_forward(a, b, y, op);
    return y;
}

[[maybe_unused]] Tensor scaled(const Tensor& x, double scale) {
    Tensor y = Tensor::empty_like(x);
    affine_forward(x, y, scale, 0.0);
    return y;
}

Variable unary(const char* name, const Variable& x, UnaryOp op) {
    if (!x.defined()) fail("{}: expected a tensor, found an undefined one", name);
    Tensor y = Tensor::empty_like(x.value());
    unary_forward(x.value(), y, op);
    if (!will_record({&x})) return Variable(y);
    return record(name, y, {x}, [input = x.value(), y, op](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty_like(input);
        unary_backward(gradient, input, y, grad_x, op);
        return std::vector{grad_x};
    });
}

}  // namespace

Variable add(const Variable& a, const Variable& b) {
    check_same_kind("add", a, b);
    return record("add", binary("add", a.value(), b.value(), BinaryOp::add), {a, b},
                  [shape_a = a.shape(), shape_b = b.shape()](const Tensor& gradient, const auto& needed) {
                      return std::vector{needed[0] ? sum_to_shape(gradient, shape_a) : Tensor(),
                                         needed[1] ? sum_to_shape(gradient, shape_b) : Tensor()};
                  });
}

Variable subtract(const Variable& a, const Variable& b) {
    check_same_kind("subtract", a, b);
    return record("subtract", binary("subtract", a.value(), b.value(), BinaryOp::subtract), {a, b},
                  [shape_a = a.shape(), shape_b = b.shape()](const Tensor& gradient, const auto& needed) {
                      return std::vector{
                          needed[0] ? sum_to_shape(gradient, shape_a) : Tensor(),
                          needed[1] ? scaled(sum_to_shape(gradient, shape_b), -1.0) : Tensor()};
                  });
}

Variable multiply(const Variable& a, const Variable& b) {
    check_same_kind("multiply", a, b);
    Tensor y = binary("multiply", a.value(), b.value(), BinaryOp::multiply);
    if (!will_record({&a, &b})) return Variable(y);
    return record("multiply", y, {a, b},
                  [x = a.value(), z = b.value()](const Tensor& gradient, const auto& needed) {
                      const auto side = [&](const Tensor& other, const Shape& shape) {
                          return sum_to_shape(binary("multiply", gradient, other, BinaryOp::multiply), shape);
                      };
                      return std::vector{needed[0] ? side(z, x.shape()) : Tensor(),
                                         needed[1] ? side(x, z.shape()) : Tensor()};
                  });
}

Variable divide(const Variable& a, const Variable& b) {
    check_same_kind("divide", a, b);
    Tensor y = binary("divide", a.value(), b.value(), BinaryOp::divide);
    if (!will_record({&a, &b})) return Variable(y);
    return record("divide", y, {a, b},
                  [shape = a.shape(), divisor = b.value(), y](const Tensor& gradient, const auto& needed) {
                      const Tensor quotient = binary("divide", gradient, divisor, BinaryOp::divide);
                      Tensor grad_b;
                      if (needed[1]) {
                          const Tensor product = binary("divide", quotient, y, BinaryOp::multiply);
                          grad_b = scaled(sum_to_shape(product, divisor.shape()), -1.0);
                      }
                      return std::vector{needed[0] ? sum_to_shape(quotient, shape) : Tensor(), grad_b};
                  });
}

Variable negate(const Variable& x) {
    return unary("negate", x, UnaryOp::negate);
}
Variable exp(const Variable& x) {
    return unary("exp", x, UnaryOp::exp);
}
Variable log(const Variable& x) {
    return unary("log", x, UnaryOp::log);
}
Variable sqrt(const Variable& x) {
    return unary("sqrt", x, UnaryOp::sqrt);
}
Variable square(const Variable& x) {
    return unary("square", x, UnaryOp::square);
}
Variable reciprocal(const Variable& x) {
    return unary("reciprocal", x, UnaryOp::reciprocal);
}
Variable abs(const Variable& x) {
    return unary("abs", x, UnaryOp::abs);
}

Variable affine(const Variable& x, double scale, double shift) {
    if (!x.defined()) fail("affine: expected a tensor, found an undefined one");
    Tensor y = Tensor::empty_like(x.value());
    affine_forward(x.value(), y, scale, shift);
    return record("affine", y, {x}, [scale](const Tensor& gradient, const auto&) {
        return std::vector{scaled(gradient, scale)};
    });
}

}  // namespace unmask
