// SPDX-License-Identifier: Apache-2.0
// Batch norm over all dimensions but the last (1-D: [N, C]; 2-D: [N, H, W, C]), fused with a residual, an
// activation and dropout:
//     y = dropout(activation((x - μ) / sqrt(σ² + eps) · weight + bias (+ residual))).
// In training μ and σ² (biased) are the batch's, and the running statistics move by `momentum` towards them
// (with the unbiased variance, as PyTorch's do); in inference they are the running ones and nothing is
// dropped.
#pragma once

#include <vector>

#include "engine/communicator.h"
#include "engine/kernel.h"
#include "engine/ops/activation.h"
#include "engine/ops/dropout.h"
#include "engine/variable.h"

namespace unmask {

struct BatchNormParams {
    bool training = true;
    double momentum = 0.1;
    double eps = 1e-5;
    Activation activation = Activation::none;   // none, relu, silu
    DropoutParams dropout{.probability = 0.0};  // in training
    // In training the batch is that of all its ranks, each of which holds as many rows: the statistics and
    // the gradient of x are the whole batch's, those of weight and bias this rank's part. Null: this process
    // alone. It must outlive the graph.
    Communicator* communicator = nullptr;
};

// The norm of one group of channels: [C / groups] each, f32 where x is bf16, else of x's dtype.
struct BatchNormGroup {
    Tensor weight, bias;
    Tensor running_mean, running_variance;  // updated in place in training
    Tensor saved_mean,
        saved_inverse_deviation;  // what normalised this batch: 1 / sqrt(σ² + eps); filled by forward
};

// What forward leaves for backward. The groups follow each other in the last dimension: the norms of several
// branches in one pass.
struct BatchNormState {
    std::vector<BatchNormGroup> groups;
    // A backend's forward may fill it in training: u8, its own packing of where relu let the value through.
    // Then backward is given no y.
    Tensor mask;
};

// Where backward writes; undefined tensors are not wanted. x and residual are like x, weight and bias like a
// group's.
struct BatchNormGradients {
    struct Group {
        Tensor weight, bias;
    };
    Tensor x, residual;
    std::vector<Group> groups;
};

// Kernel slots; residual has x's shape or is undefined. Statistics are summed in float64 or pairwise, in a
// fixed order whatever the number of threads.
inline constinit Kernel<void(const Tensor& x, const Tensor& residual, Tensor& y, BatchNormState& state,
                             const BatchNormParams& params)>
    batch_norm_forward{"batch_norm_forward"};
// y is forward's result (relu: where it is positive); residual matters for silu only.
inline constinit Kernel<void(const Tensor& grad_y, const Tensor& x, const Tensor& residual, const Tensor& y,
                             const BatchNormState& state, BatchNormGradients& gradients,
                             const BatchNormParams& params)>
    batch_norm_backward{"batch_norm_backward"};

struct BatchNormOperands {
    Variable weight, bias;                  // [C / groups]
    Tensor running_mean, running_variance;  // [C / groups]
};

// The groups' channels follow each other in x's last dimension. residual may be undefined. Error names the op
// and the shapes; in training it needs more than one value a channel.
[[nodiscard]] Variable batch_norm(const Variable& x, const std::vector<BatchNormOperands>& groups,
                                  const BatchNormParams& params, const Variable& residual = {});
// One group.
[[nodiscard]] Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias,
                                  Tensor running_mean, Tensor running_variance, const BatchNormParams& params,
                                  const Variable& residual = {});

}  // namespace unmask
