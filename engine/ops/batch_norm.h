// SPDX-License-Identifier: Apache-2.0
// Batch norm over all dimensions but the last (1-D: [N, C]; 2-D: [N, H, W, C]), fused with a residual, an
// activation and dropout, max pooling or a gate:
//     y = dropout(activation((x - μ) / sqrt(σ² + eps) · weight + bias (+ residual))),
//     y = max_pool2d(activation((x - μ) / sqrt(σ² + eps) · weight + bias)),
//     y = a · gate(mean of a over each image), a = activation((x - μ) / sqrt(σ² + eps) · weight + bias).
// In training μ and σ² (biased) are the batch's, and the running statistics move by `momentum` towards them
// (with the unbiased variance, as PyTorch's do); in inference they are the running ones and nothing is
// dropped.
#pragma once

#include <optional>
#include <vector>

#include "engine/communicator.h"
#include "engine/kernel.h"
#include "engine/ops/activation.h"
#include "engine/ops/channel_gate.h"
#include "engine/ops/dropout.h"
#include "engine/ops/pool.h"
#include "engine/variable.h"

namespace unmask {

struct BatchNormParams {
    bool training = true;
    double momentum = 0.1;
    double eps = 1e-5;
    Activation activation = Activation::none;   // none, relu, silu
    DropoutParams dropout{.probability = 0.0};  // in training
    // x [N, H, W, C] -> y [N, H', W', C], the maximum of every window (see engine/ops/pool.h), of at most 254
    // taps where gradients are recorded; with no residual, no dropout, and none or relu as activation. The
    // map that is pooled need not be written anywhere.
    std::optional<Pool2dParams> pool;
    // In training the batch is that of all its ranks, each of which holds as many rows: the statistics and
    // the gradient of x are the whole batch's, those of weight and bias this rank's part. Null: this process
    // alone. It must outlive the graph.
    Communicator* communicator = nullptr;
    [[nodiscard]] int ranks() const { return training && communicator != nullptr ? communicator->size() : 1; }
};

// The norm of one group of channels: [C / groups] each, f32 where x is bf16, else of x's dtype.
struct BatchNormGroup {
    Tensor weight, bias;
    Tensor running_mean, running_variance;  // updated in place in training
    Tensor saved_mean,
        saved_inverse_deviation;  // what normalised this batch: 1 / sqrt(σ² + eps); filled by forward
};

// One tensor that is normalised, and what forward leaves of it for backward.
struct BatchNormBranch {
    Tensor x, y;                         // [..., C], of one shape but for pooling
    Tensor residual;                     // like x, or undefined
    std::vector<BatchNormGroup> groups;  // their channels follow each other in the last dimension
    // A backend's forward may fill it in training: u8, its own packing of where relu let the value through.
    // Then backward is given no y.
    Tensor mask;
    // With pooling, where backward is to come: u8, y's shape, the winner's place in its window, row-major
    // (the first of equals), 255 where relu lets none through. Then backward is given no y.
    Tensor argmax;
    // Behind a gate, with silu: [N, C], f32 where x is bf16. Forward fills it with the mean of a over each
    // image; y is undefined, since a is made again from x wherever it is read.
    Tensor means;
};

// Of argmax: no tap of the window.
constexpr int no_tap = 255;

// What backward is given and where it writes; undefined tensors are not wanted, but grad_y is always there.
// x and residual are like the branch's, weight and bias like a group's.
struct BatchNormGradients {
    struct Group {
        Tensor weight, bias;
    };
    Tensor grad_y;
    // Behind a gate, x [N, H, W, C]: the gradient of y is grad_y · scale + grad_means / (H · W); both [N, C],
    // f32 where x is bf16, and undefined without one (grad_means: for zeros too). All or no branches have
    // them.
    Tensor scale, grad_means;
    Tensor x, residual;
    std::vector<Group> groups;
};

// Kernel slots; `first` is the first branch's x. The branches are of one shape and have equally many groups;
// all or none have a residual. Each is normalised by itself: several are given at once for the sake of
// devices that pay for every call. Statistics are summed in float64 or pairwise, in a fixed order whatever
// the number of threads and branches.
inline constinit Kernel<void(const Tensor& first, std::vector<BatchNormBranch>& branches,
                             const BatchNormParams& params)>
    batch_norm_forward{"batch_norm_forward"};
// y is forward's result (relu: where it is positive); residual matters for silu only.
inline constinit Kernel<void(const Tensor& first, const std::vector<BatchNormBranch>& branches,
                             std::vector<BatchNormGradients>& gradients, const BatchNormParams& params)>
    batch_norm_backward{"batch_norm_backward"};
// Behind gates: y[i] = a · weights[i], from the branches as forward left them; weights like their means.
inline constinit Kernel<void(const Tensor& first, const std::vector<BatchNormBranch>& branches,
                             const std::vector<Tensor>& weights, std::vector<Tensor>& y)>
    batch_norm_gate_forward{"batch_norm_gate_forward"};
// grad_weights[i] = Σ_{h,w} grad_y[i] · a, summed in a fixed order; undefined tensors are not wanted.
inline constinit Kernel<void(const Tensor& first, const std::vector<BatchNormBranch>& branches,
                             const std::vector<Tensor>& grad_y, std::vector<Tensor>& grad_weights)>
    batch_norm_gate_backward{"batch_norm_gate_backward"};

struct BatchNormOperands {
    Variable weight, bias;                  // [C / groups]
    Tensor running_mean, running_variance;  // [C / groups]
};

// Tensors of one shape, each by norms of its own: x.size() · g of them, the first g for the groups of
// channels that follow each other in the first tensor's last dimension, and so on. `residuals` is empty or
// has one for each x. Every result has the bytes that it has alone. Error names the op and the shapes, a
// momentum outside [0, 1] or an eps that is not positive, what pooling does not go with; in training it needs
// more than one value a channel, and several tensors allow no dropout. `gates`: one for each x [N, H, W, C],
// or none; not with a residual, dropout or pooling.
[[nodiscard]] std::vector<Variable> batch_norm(const std::vector<Variable>& x,
                                               const std::vector<BatchNormOperands>& norms,
                                               const BatchNormParams& params,
                                               const std::vector<Variable>& residuals = {},
                                               const std::vector<ChannelGate>& gates = {});
// One tensor, of one or several groups; residual may be undefined.
[[nodiscard]] Variable batch_norm(const Variable& x, const std::vector<BatchNormOperands>& groups,
                                  const BatchNormParams& params, const Variable& residual = {});
// One tensor of one group.
[[nodiscard]] Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias,
                                  Tensor running_mean, Tensor running_variance, const BatchNormParams& params,
                                  const Variable& residual = {});

}  // namespace unmask
