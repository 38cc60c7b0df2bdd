// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/batch_norm.h"

#include "engine/ops/check.h"

namespace unmask {

Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias, Tensor running_mean,
                    Tensor running_variance, const BatchNormParams& params, const Variable& residual) {
    check_same_kind("batch_norm", x, weight);
    check_same_kind("batch_norm", x, bias);
    if (x.shape().rank() < 2)
        fail("batch_norm: expected input of at least two dimensions, found {}", x.shape().str());
    const int64_t channels = x.dim(-1);
    check_shape("batch_norm", "weight", weight.shape(), {channels});
    check_shape("batch_norm", "bias", bias.shape(), {channels});
    check_shape("batch_norm", "running mean", running_mean.shape(), {channels});
    check_shape("batch_norm", "running variance", running_variance.shape(), {channels});
    if (residual.defined()) {
        check_same_kind("batch_norm", x, residual);
        check_shape("batch_norm", "residual", residual.shape(), x.shape());
    }
    if (params.activation != Activation::none && params.activation != Activation::relu &&
        params.activation != Activation::silu)
        fail("batch_norm: expected activation none, relu or silu, found another one");
    const int64_t count = channels == 0 ? 0 : x.value().numel() / channels;
    if (params.training && count < 2)
        fail("batch_norm: expected more than one value a channel in training, found input {}",
             x.shape().str());

    const auto channel_tensor = [&] { return Tensor::empty({channels}, x.dtype(), x.device()); };
    BatchNormState state{weight.value(),          bias.value(),
                         std::move(running_mean), std::move(running_variance),
                         channel_tensor(),        channel_tensor()};
    Tensor y = Tensor::empty_like(x.value());
    batch_norm_forward(x.value(), residual.value(), y, state, params);
    if (!will_record({&x, &weight, &bias, &residual})) return Variable(y);

    const Tensor saved_residual = params.activation == Activation::silu ? residual.value() : Tensor();
    const Tensor saved_result = params.activation == Activation::relu ? y : Tensor();
    std::vector<Variable> inputs{x, weight, bias};
    if (residual.defined()) inputs.push_back(residual);
    return record("batch_norm", y, inputs,
                  [input = x.value(), saved_residual, saved_result, state, params](const Tensor& gradient,
                                                                                   const auto& needed) {
                      BatchNormGradients gradients;
                      if (needed[0]) gradients.x = Tensor::empty_like(input);
                      if (needed[1]) gradients.weight = Tensor::empty_like(state.weight);
                      if (needed[2]) gradients.bias = Tensor::empty_like(state.bias);
                      if (needed.size() > 3 && needed[3]) gradients.residual = Tensor::empty_like(input);
                      batch_norm_backward(gradient, input, saved_residual, saved_result, state, gradients,
                                          params);
                      std::vector<Tensor> result{gradients.x, gradients.weight, gradients.bias};
                      if (needed.size() > 3) result.push_back(gradients.residual);
                      return result;
                  });
}

}  // namespace unmask
