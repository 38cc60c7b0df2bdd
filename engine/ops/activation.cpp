// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/activation.h"

#include "engine/ops/check.h"

namespace unmask {

std::string_view name_of(Activation activation) {
    constexpr std::string_view names[] = {"none", "relu", "silu", "sigmoid", "leaky_relu"};
    return names[static_cast<size_t>(activation)];
}

Variable activation(const Variable& x, const ActivationParams& params) {
    if (!x.defined()) fail("activation: expected a tensor, found an undefined one");
    if (params.kind == Activation::none) return x;
    if (params.kind == Activation::leaky_relu && !(params.slope > 0.0))
        fail("leaky_relu: expected a positive slope, found {}", params.slope);
    Tensor y = Tensor::empty_like(x.value());
    activation_forward(x.value(), y, params);
    if (!will_record({&x})) return Variable(y);
    const Tensor saved = differentiates_from_result(params.kind) ? y : x.value();
    return record("activation", y, {x}, [saved, params](const Tensor& gradient, const auto&) {
        Tensor grad_x = Tensor::empty_like(saved);
        activation_backward(gradient, saved, grad_x, params);
        return std::vector{grad_x};
    });
}

Variable relu(const Variable& x) {
    return activation(x, {Activation::relu});
}
Variable silu(const Variable& x) {
    return activation(x, {Activation::silu});
}
Variable sigmoid(const Variable& x) {
    return activation(x, {Activation::sigmoid});
}
Variable leaky_relu(const Variable& x, double slope) {
    return activation(x, {Activation::leaky_relu, slope});
}

}  // namespace unmask
