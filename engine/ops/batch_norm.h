// SPDX-License-Identifier: Apache-2.0
// Batch norm over all dimensions but the last (1-D: [N, C]; 2-D: [N, H, W, C]), fused with a residual and an
// activation:
//     y = activation((x - μ) / sqrt(σ² + eps) · weight + bias (+ residual)).
// In training μ and σ² (biased) are the batch's, and the running statistics move by `momentum` towards them
// (with the unbiased variance, as PyTorch's do); in inference they are the running ones.
#pragma once

#include "engine/kernel.h"
#include "engine/ops/activation.h"
#include "engine/variable.h"

namespace unmask {

struct BatchNormParams {
    bool training = true;
    double momentum = 0.1;
    double eps = 1e-5;
    Activation activation = Activation::none;  // none, relu, silu
};

// What the kernels share. residual has x's shape or is undefined; every other tensor is [C].
struct BatchNormState {
    Tensor weight, bias;
    Tensor running_mean, running_variance;  // updated in place in training
    Tensor saved_mean,
        saved_inverse_deviation;  // what normalised this batch: 1 / sqrt(σ² + eps); filled by forward
};

// Where backward writes; undefined tensors are not wanted.
struct BatchNormGradients {
    Tensor x, residual, weight, bias;
};

// Kernel slots. Statistics are summed in float64 or pairwise, in a fixed order whatever the number of
// threads.
inline constinit Kernel<void(const Tensor& x, const Tensor& residual, Tensor& y, BatchNormState& state,
                             const BatchNormParams& params)>
    batch_norm_forward{"batch_norm_forward"};
// y is forward's result (the relu mask); residual matters for silu only.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, const Tensor& residual, const Tensor& y,
                             const BatchNormState& state, BatchNormGradients& gradients,
                             const BatchNormParams& params)>
    batch_norm_backward{"batch_norm_backward"};

// weight, bias and the running statistics are [C]; residual may be undefined. Error names the op and the
// shapes; in training it needs more than one value a channel.
[[nodiscard]] Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias,
                                  Tensor running_mean, Tensor running_variance, const BatchNormParams& params,
                                  const Variable& residual = {});

}  // namespace unmask
