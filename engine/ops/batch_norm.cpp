// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/ops/check.h"

namespace unmask {
namespace {

// What norms and running statistics are kept in.
DType norm_dtype(DType dtype) {
    return dtype == DType::bf16 ? DType::f32 : dtype;
}

void check_operand(const char* operand, const Tensor& found, const Variable& x, int64_t channels) {
    check_shape("batch_norm", operand, found.shape(), {channels});
    if (found.dtype() != norm_dtype(x.dtype()) || found.device() != x.device())
        fail("batch_norm: expected {} as {} on {} for input as {}, found {} on {}", operand,
             name_of(norm_dtype(x.dtype())), name_of(x.device()), name_of(x.dtype()), name_of(found.dtype()),
             name_of(found.device()));
}

void check_operands(const Variable& x, std::span<const BatchNormOperands> groups,
                    const BatchNormParams& params, const Variable& residual) {
    if (!x.defined()) fail("batch_norm: expected an input, found an undefined tensor");
    if (x.shape().rank() < 2)
        fail("batch_norm: expected input of at least two dimensions, found {}", x.shape().str());
    const int64_t channels = x.dim(-1), count = static_cast<int64_t>(groups.size());
    if (count == 0 || channels % count != 0)
        fail("batch_norm: expected groups that divide the {} channels of input {}, found {}", channels,
             x.shape().str(), count);
    for (const BatchNormOperands& group : groups) {
        if (!group.weight.defined() || !group.bias.defined() || !group.running_mean.defined() ||
            !group.running_variance.defined())
            fail("batch_norm: expected weight, bias and running statistics, found an undefined tensor");
        check_operand("weight", group.weight.value(), x, channels / count);
        check_operand("bias", group.bias.value(), x, channels / count);
        check_operand("running mean", group.running_mean, x, channels / count);
        check_operand("running variance", group.running_variance, x, channels / count);
    }
    if (residual.defined()) {
        check_same_kind("batch_norm", x, residual);
        check_shape("batch_norm", "residual", residual.shape(), x.shape());
    }
    if (params.activation != Activation::none && params.activation != Activation::relu &&
        params.activation != Activation::silu)
        fail("batch_norm: expected activation none, relu or silu, found {}", name_of(params.activation));
    if (!(params.momentum >= 0.0 && params.momentum <= 1.0))
        fail("batch_norm: expected a momentum in [0, 1], found {}", params.momentum);
    if (!(params.eps > 0.0) || !std::isfinite(params.eps))
        fail("batch_norm: expected a positive eps, found {}", params.eps);
    if (!(params.dropout.probability >= 0.0 && params.dropout.probability < 1.0))
        fail("batch_norm: expected a dropout probability in [0, 1), found {}", params.dropout.probability);
    if (params.dropout.device_step.defined())
        check_same_device("batch_norm", x.value(), params.dropout.device_step);
    const int64_t values = channels == 0 ? 0 : x.value().numel() / channels;
    if (params.training && values * params.ranks() < 2)
        fail("batch_norm: expected more than one value a channel in training, found input {}",
             x.shape().str());
}

// Gives the result's shape.
Shape check_pooling(const Variable& x, const BatchNormParams& params, bool residual, bool recording) {
    if (!params.pool) return x.shape();
    const Shape y = pooled_shape("batch_norm", x.shape(), *params.pool);
    if (residual || params.activation == Activation::silu || params.dropout.probability > 0.0)
        fail(
            "batch_norm: expected no residual, no dropout and none or relu as activation with pooling, found "
            "{}, {} and {}",
            residual ? "a residual" : "none", params.dropout.probability, name_of(params.activation));
    const auto& kernel = params.pool->kernel;
    if (recording && int64_t{kernel[0]} * kernel[1] >= no_tap)
        fail("batch_norm: expected pooling of at most {} taps where a gradient is recorded, found {} x {}",
             no_tap - 1, kernel[0], kernel[1]);
    return y;
}

void check_gates(const std::vector<Variable>& x, const BatchNormParams& params, bool residual,
                 const std::vector<ChannelGate>& gates) {
    if (gates.empty()) return;
    if (gates.size() != x.size())
        fail("batch_norm: expected a gate for every input or for none, found {} for {}", gates.size(),
             x.size());
    check_rank("batch_norm", "input [N, H, W, C]", x.front().shape(), 4);
    if (residual || params.pool || params.dropout.probability > 0.0)
        fail("batch_norm: expected no residual, pooling and dropout with a gate, found {}, {} and {}",
             residual ? "a residual" : "none", params.pool ? "pooling" : "none", params.dropout.probability);
}

void check_branches(const std::vector<Variable>& x, const std::vector<BatchNormOperands>& norms,
                    const BatchNormParams& params, const std::vector<Variable>& residuals) {
    if (x.empty() || norms.size() % x.size() != 0 || (!residuals.empty() && residuals.size() != x.size()))
        fail(
            "batch_norm: expected tensors, as many norms for each and one residual or none, found {}, {}, {}",
            x.size(), norms.size(), residuals.size());
    const size_t groups = norms.size() / x.size();
    for (size_t i = 0; i < x.size(); ++i) {
        check_operands(x[i], std::span(norms).subspan(i * groups, groups), params,
                       residuals.empty() ? Variable() : residuals[i]);
        check_same_kind("batch_norm", x.front(), x[i]);
        check_shape("batch_norm", "input", x[i].shape(), x.front().shape());
        if (i > 0 && params.training && params.dropout.probability > 0.0)
            fail("batch_norm: expected no dropout for several inputs, found {}", params.dropout.probability);
        if (!residuals.empty() && residuals[i].defined() != residuals.front().defined())
            fail("batch_norm: expected a residual for every input or for none, found both");
    }
}

bool records(const std::vector<Variable>& x, const std::vector<BatchNormOperands>& norms,
             const std::vector<Variable>& residuals) {
    const auto any = [](const std::vector<Variable>& list) {
        return std::ranges::any_of(list, &Variable::requires_grad);
    };
    return grad_enabled() &&
           (any(x) || any(residuals) || std::ranges::any_of(norms, [](const BatchNormOperands& norm) {
                return norm.weight.requires_grad() || norm.bias.requires_grad();
            }));
}

// The op's inputs as autograd sees them: x, its groups' weights and biases and its residual, branch by
// branch.
struct Recorded {
    std::vector<BatchNormBranch> branches;
    BatchNormParams params;
    Shape y;
    std::vector<ChannelGating> gates{};

    std::vector<Tensor> operator()(const std::vector<Tensor>& incoming, const WantedGradients& needed) const {
        std::vector<BatchNormGradients> gradients(branches.size());
        size_t next = 0;
        const auto wanted = [&](const Tensor& like) {
            return needed[next++] ? Tensor::empty_like(like) : Tensor();
        };
        std::vector<Tensor> result;
        for (size_t i = 0; i < branches.size(); ++i) {
            const BatchNormBranch& branch = branches[i];
            BatchNormGradients& own = gradients[i];
            own.grad_y =
                incoming[i].defined() ? incoming[i] : Tensor::zeros(y, branch.x.dtype(), branch.x.device());
            own.x = result.emplace_back(wanted(branch.x));
            for (const BatchNormGroup& group : branch.groups) {
                own.groups.push_back({wanted(group.weight), wanted(group.bias)});
                result.insert(result.end(), {own.groups.back().weight, own.groups.back().bias});
            }
            own.residual = result.emplace_back(wanted(branch.x));
        }
        if (!gates.empty()) walk_gates(gradients);
        if (std::ranges::find(needed, true) != needed.end())
            batch_norm_backward(branches.front().x, branches, gradients, params);
        return result;
    }

  private:
    void walk_gates(std::vector<BatchNormGradients>& gradients) const {
        std::vector<Tensor> incoming, own;
        for (size_t i = 0; i < gates.size(); ++i) {
            incoming.push_back(gradients[i].grad_y);
            own.push_back(gates[i].requires_grad() ? Tensor::empty_like(gates[i].weights()) : Tensor());
        }
        if (std::ranges::any_of(own, &Tensor::defined))
            batch_norm_gate_backward(branches.front().x, branches, incoming, own);
        for (size_t i = 0; i < gates.size(); ++i) {
            gradients[i].scale = gates[i].weights();
            gradients[i].grad_means = gates[i].backward(own[i]);
        }
    }
};

// Gives the maps whose channels the gates weight.
std::vector<Tensor> weighted(Recorded& state, const std::vector<ChannelGate>& gates, bool recording) {
    std::vector<Tensor> weights, results;
    for (size_t i = 0; i < gates.size(); ++i) {
        const BatchNormBranch& branch = state.branches[i];
        weights.push_back(state.gates.emplace_back(gates[i], branch.means, recording).weights());
        results.push_back(Tensor::empty_like(branch.x));
    }
    batch_norm_gate_forward(state.branches.front().x, state.branches, weights, results);
    return results;
}

}  // namespace

std::vector<Variable> batch_norm(const std::vector<Variable>& x, const std::vector<BatchNormOperands>& norms,
                                 const BatchNormParams& params, const std::vector<Variable>& residuals,
                                 const std::vector<ChannelGate>& gates) {
    check_branches(x, norms, params, residuals);
    const size_t groups = norms.size() / x.size();
    const bool recording = records(x, norms, residuals);
    const bool added = !residuals.empty() && residuals.front().defined();
    check_gates(x, params, added, gates);
    if (!gates.empty() && params.activation != Activation::silu) {  // nobody has wanted more so far
        std::vector<Variable> y = batch_norm(x, norms, params);
        for (size_t i = 0; i < y.size(); ++i) y[i] = gated(y[i], gates[i]);
        return y;
    }
    Recorded state{.params = params, .y = check_pooling(x.front(), params, added, recording)};
    std::vector<Variable> inputs;
    std::vector<Tensor> results;
    for (size_t i = 0; i < x.size(); ++i) {
        const Variable residual = residuals.empty() ? Variable() : residuals[i];
        BatchNormBranch& branch = state.branches.emplace_back();
        branch.x = x[i].value();
        const Tensor& like_norms = norms[i * groups].weight.value();
        if (gates.empty())
            branch.y = results.emplace_back(Tensor::empty(state.y, branch.x.dtype(), branch.x.device()));
        else
            branch.means = Tensor::empty({state.y[0], state.y[3]}, like_norms.dtype(), branch.x.device());
        if (params.pool && recording) branch.argmax = Tensor::empty(state.y, DType::u8, branch.x.device());
        branch.residual = residual.value();
        inputs.push_back(x[i]);
        for (const BatchNormOperands& norm : std::span(norms).subspan(i * groups, groups)) {
            const Tensor& like = norm.weight.value();
            branch.groups.push_back({like, norm.bias.value(), norm.running_mean, norm.running_variance,
                                     Tensor::empty_like(like), Tensor::empty_like(like)});
            inputs.insert(inputs.end(), {norm.weight, norm.bias});
        }
        inputs.push_back(residual);
    }
    batch_norm_forward(state.branches.front().x, state.branches, params);
    if (!gates.empty()) results = weighted(state, gates, recording);
    const bool always = std::ranges::any_of(state.gates, &ChannelGating::requires_grad);
    if (!recording && !always) return {results.begin(), results.end()};
    for (BatchNormBranch& branch : state.branches) {
        if (params.activation != Activation::silu) branch.residual = Tensor();
        if (params.activation != Activation::relu || branch.mask.defined() || params.pool)
            branch.y = Tensor();
        branch.means = Tensor();
    }
    return record_several("batch_norm", std::move(results), inputs, std::move(state), always);
}

Variable batch_norm(const Variable& x, const std::vector<BatchNormOperands>& groups,
                    const BatchNormParams& params, const Variable& residual) {
    return batch_norm(std::vector{x}, groups, params, {residual}).front();
}

Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias, Tensor running_mean,
                    Tensor running_variance, const BatchNormParams& params, const Variable& residual) {
    return batch_norm(x, {{weight, bias, std::move(running_mean), std::move(running_variance)}}, params,
                      residual);
}

}  // namespace unmask
