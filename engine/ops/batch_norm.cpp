// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/batch_norm.h"

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

void check_operands(const Variable& x, const std::vector<BatchNormOperands>& groups,
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
        fail("batch_norm: expected activation none, relu or silu, found another one");
    if (!(params.dropout.probability >= 0.0 && params.dropout.probability < 1.0))
        fail("batch_norm: expected a dropout probability in [0, 1), found {}", params.dropout.probability);
    const int64_t values = channels == 0 ? 0 : x.value().numel() / channels;
    if (params.training && values < 2)
        fail("batch_norm: expected more than one value a channel in training, found input {}",
             x.shape().str());
}

}  // namespace

Variable batch_norm(const Variable& x, const std::vector<BatchNormOperands>& groups,
                    const BatchNormParams& params, const Variable& residual) {
    check_operands(x, groups, params, residual);
    BatchNormState state;
    std::vector<Variable> inputs{x};
    bool recording = will_record({&x, &residual});
    for (const BatchNormOperands& group : groups) {
        const Tensor& like = group.weight.value();
        state.groups.push_back({group.weight.value(), group.bias.value(), group.running_mean,
                                group.running_variance, Tensor::empty_like(like), Tensor::empty_like(like)});
        inputs.insert(inputs.end(), {group.weight, group.bias});
        recording = recording || will_record({&group.weight, &group.bias});
    }
    if (residual.defined()) inputs.push_back(residual);
    Tensor y = Tensor::empty_like(x.value());
    batch_norm_forward(x.value(), residual.value(), y, state, params);
    if (!recording) return Variable(y);

    const Tensor saved_residual = params.activation == Activation::silu ? residual.value() : Tensor();
    const bool needs_result = params.activation == Activation::relu && !state.mask.defined();
    const Tensor saved_result = needs_result ? y : Tensor();
    return record("batch_norm", y, inputs,
                  [input = x.value(), saved_residual, saved_result, state, params](const Tensor& gradient,
                                                                                   const auto& needed) {
                      const size_t count = state.groups.size();
                      BatchNormGradients gradients;
                      gradients.groups.resize(count);
                      if (needed[0]) gradients.x = Tensor::empty_like(input);
                      if (needed.size() > 2 * count + 1 && needed[2 * count + 1])
                          gradients.residual = Tensor::empty_like(input);
                      std::vector<Tensor> result{gradients.x};
                      for (size_t i = 0; i < count; ++i) {
                          auto& [weight, bias] = gradients.groups[i];
                          if (needed[2 * i + 1]) weight = Tensor::empty_like(state.groups[i].weight);
                          if (needed[2 * i + 2]) bias = Tensor::empty_like(state.groups[i].bias);
                          result.insert(result.end(), {weight, bias});
                      }
                      batch_norm_backward(gradient, input, saved_residual, saved_result, state, gradients,
                                          params);
                      if (needed.size() > 2 * count + 1) result.push_back(gradients.residual);
                      return result;
                  });
}

Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias, Tensor running_mean,
                    Tensor running_variance, const BatchNormParams& params, const Variable& residual) {
    return batch_norm(x, {{weight, bias, std::move(running_mean), std::move(running_variance)}}, params,
                      residual);
}

}  // namespace unmask
