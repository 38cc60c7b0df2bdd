// SPDX-License-Identifier: Apache-2.0
// Matrix products: y[…, m, n] = Σ_k op(a)[…, m, k] · op(b)[…, k, n] (+ bias[n]), op the optional transpose.
#pragma once

#include "engine/kernel.h"
#include "engine/ops/activation.h"
#include "engine/variable.h"

namespace unmask {

struct MatmulParams {
    bool transpose_a = false;                  // a is stored as […, k, m]
    bool transpose_b = false;                  // b is stored as […, n, k]
    Activation activation = Activation::none;  // of the sum with the bias; none or relu
    bool operator==(const MatmulParams&) const = default;
};

// Kernel slot. a and b have equal batch dimensions, or one of them is a plain matrix that serves every batch;
// bias is [n] or undefined. An inner size of 0 gives zeros (plus bias).
inline constinit Kernel<void(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y,
                             const MatmulParams& params)>
    matmul_forward{"matmul_forward"};

// a [..., m, k] and b [..., k, n] (as stored where transposed: [..., k, m], [..., n, k]) of one dtype and
// device -> [..., m, n]. Errors: what the slot does not take, inner sizes that differ, an activation.
[[nodiscard]] Variable matmul(const Variable& a, const Variable& b, MatmulParams params = {});

// x [m, k], weight [n, k] (as PyTorch's Linear), bias [n] or undefined: x · weightᵀ + bias, [m, n].
[[nodiscard]] Variable linear(const Variable& x, const Variable& weight, const Variable& bias = {});

// Inference only, nothing is recorded: activation(x · weightᵀ + bias) in one pass, activation none or relu.
// bias may be undefined.
[[nodiscard]] Tensor linear_fused(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                  Activation activation);

}  // namespace unmask
