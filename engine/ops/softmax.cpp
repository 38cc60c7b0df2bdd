// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/softmax.h"

#include "engine/ops/check.h"

namespace unmask {
namespace {

Variable softmax_of(const char* name, const Variable& x, bool logarithm) {
    if (!x.defined() || x.shape().rank() < 1 || x.dim(-1) < 1)
        fail("{}: expected at least one element in the last dimension, found {}", name,
             x.defined() ? x.shape().str() : "an undefined tensor");
    Tensor y = Tensor::empty_like(x.value());
    softmax_forward(x.value(), y, logarithm);
    if (!will_record({&x})) return Variable(y);
    return record(name, y, {x}, [y, logarithm](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty_like(y);
        softmax_backward(gradient, y, grad_x, logarithm);
        return std::vector{grad_x};
    });
}

}  // namespace

Variable softmax(const Variable& x) {
    return softmax_of("softmax", x, false);
}
Variable log_softmax(const Variable& x) {
    return softmax_of("log_softmax", x, true);
}

}  // namespace unmask
