// SPDX-License-Identifier: Apache-2.0
// Activations: relu max(x, 0); silu x·σ(x); sigmoid σ(x) = 1 / (1 + e^-x); leaky relu x or slope·x.
#pragma once

#include <string_view>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

enum class Activation : uint8_t { none, relu, silu, sigmoid, leaky_relu };
[[nodiscard]] std::string_view name_of(Activation activation);

struct ActivationParams {
    Activation kind = Activation::none;
    double slope = 0.01;  // leaky_relu only, must be positive
};

// Whether the derivative is computed from the result y (then x need not be kept) or from x.
[[nodiscard]] constexpr bool differentiates_from_result(Activation kind) {
    return kind != Activation::silu;
}

// Kernel slots. `saved` is y or x, as differentiates_from_result says. y may be x; grad_x may be grad_y.
inline constinit Kernel<void(const Tensor& x, Tensor& y, const ActivationParams& params)> activation_forward{
    "activation_forward"};
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& saved, Tensor& grad_x,
                             const ActivationParams& params)>
    activation_backward{"activation_backward"};

// Elementwise on x of any shape, f32 or f64 (bf16 on a GPU too); x itself for none. Error for an undefined x
// and a slope of leaky relu that is not positive.
[[nodiscard]] Variable activation(const Variable& x, const ActivationParams& params);
[[nodiscard]] Variable relu(const Variable& x);  // derivative 0 at 0
[[nodiscard]] Variable silu(const Variable& x);
[[nodiscard]] Variable sigmoid(const Variable& x);
[[nodiscard]] Variable leaky_relu(const Variable& x, double slope = 0.01);

}  // namespace unmask
