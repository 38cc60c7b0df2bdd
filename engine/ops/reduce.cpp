// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/reduce.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

struct ReducedShapes {
    Shape kept;      // size 1 in every reduced dimension
    Shape squeezed;  // without these dimensions
    int64_t count;   // elements in one sum
};

ReducedShapes reduced_shapes(const char* name, const Shape& shape, const std::vector<int>& axes) {
    std::vector<bool> reduced(static_cast<size_t>(shape.rank()), axes.empty());
    for (const int axis : axes) reduced[static_cast<size_t>(checked_axis(name, axis, shape.rank()))] = true;
    ReducedShapes result{shape, {}, 1};
    std::vector<int64_t> remaining;
    for (int i = 0; i < shape.rank(); ++i) {
        if (reduced[static_cast<size_t>(i)]) {
            result.count *= shape[i];
            result.kept.set(i, 1);
        } else {
            remaining.push_back(shape[i]);
        }
    }
    result.squeezed = Shape(remaining);
    return result;
}

Tensor broadcast(const Tensor& x, const Shape& shape, double scale) {
    Tensor y = Tensor::empty(shape, x.dtype(), x.device());
    broadcast_forward(x, y, scale);
    return y;
}

Variable reduce(const char* name, const Variable& x, const std::vector<int>& axes, bool keep_dims,
                ReduceOp op) {
    if (!x.defined()) fail("{}: expected a tensor, found an undefined one", name);
    const ReducedShapes shapes = reduced_shapes(name, x.shape(), axes);
    if (shapes.count == 0 && op != ReduceOp::sum)
        fail("{}: expected at least one element to reduce, found shape {}", name, x.shape().str());
    Tensor y = Tensor::empty(shapes.kept, x.dtype(), x.device());
    reduce_forward(x.value(), y, op);
    const Tensor result = keep_dims ? y : y.reshape(shapes.squeezed);
    if (!will_record({&x})) return Variable(result);
    if (op == ReduceOp::max)
        return record(name, result, {x}, [input = x.value(), y](const Tensor& gradient, const auto&) {
            Tensor grad_x = Tensor::empty_like(input);
            reduce_max_backward(gradient.reshape(y.shape()), input, y, grad_x);
            return std::vector{grad_x};
        });
    const double scale = op == ReduceOp::mean ? 1.0 / static_cast<double>(shapes.count) : 1.0;
    return record(name, result, {x},
                  [shape = x.shape(), kept = shapes.kept, scale](const Tensor& gradient, const auto&) {
                      return std::vector{broadcast(gradient.reshape(kept), shape, scale)};
                  });
}

}  // namespace

Variable sum(const Variable& x, const std::vector<int>& axes, bool keep_dims) {
    return reduce("sum", x, axes, keep_dims, ReduceOp::sum);
}
Variable mean(const Variable& x, const std::vector<int>& axes, bool keep_dims) {
    return reduce("mean", x, axes, keep_dims, ReduceOp::mean);
}
Variable max(const Variable& x, const std::vector<int>& axes, bool keep_dims) {
    return reduce("max", x, axes, keep_dims, ReduceOp::max);
}

Variable broadcast_to(const Variable& x, const Shape& shape) {
    if (broadcast_shape("broadcast_to", x.shape(), shape) != shape)
        fail("broadcast_to: expected a shape that broadcasts to {}, found {}", shape.str(), x.shape().str());
    Shape aligned = shape;  // x's shape with leading ones
    for (int i = 1; i <= shape.rank(); ++i) aligned.set(-i, i <= x.shape().rank() ? x.shape()[-i] : 1);
    return record("broadcast_to", broadcast(x.value().reshape(aligned), shape, 1.0), {x},
                  [original = x.shape()](const Tensor& gradient, const auto&) {
                      return std::vector{sum_to_shape(gradient, original)};
                  });
}

Tensor sum_to_shape(const Tensor& gradient, const Shape& shape) {
    if (gradient.shape() == shape) return gradient;
    Shape kept = gradient.shape();
    for (int i = 1; i <= kept.rank(); ++i) kept.set(-i, i <= shape.rank() ? shape[-i] : 1);
    Tensor y = Tensor::empty(kept, gradient.dtype(), gradient.device());
    reduce_forward(gradient, y, ReduceOp::sum);
    return y.reshape(shape);
}

}  // namespace unmask
