// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/conv2d.h"

#include "engine/ops/check.h"
#include "engine/ops/reduce.h"

namespace unmask {
namespace {

int64_t output_size(int64_t input, int64_t kernel, int stride, int before, int after, int dilation) {
    const int64_t free = input + before + after - dilation * (kernel - 1) - 1;
    return free < 0 ? 0 : free / stride + 1;
}

void check_operands(const Variable& x, const Variable& weight, const Variable& bias) {
    check_same_kind("conv2d", x, weight);
    if (!bias.defined()) return;
    check_same_kind("conv2d", x, bias);
    check_shape("conv2d", "bias", bias.shape(), {weight.dim(0)});
}

}  // namespace

Conv2dParams conv2d_params(const Shape& x, const Shape& weight, const Conv2dOptions& options) {
    check_rank("conv2d", "input [N, H, W, C]", x, 4);
    check_rank("conv2d", "weight [O, kh, kw, C / groups]", weight, 4);
    if (options.groups < 1 || x[3] != weight[3] * options.groups)
        fail("conv2d: expected an input with {} channels (weight {}, {} groups), found {}",
             weight[3] * options.groups, weight.str(), options.groups, x.str());
    if (weight[0] % options.groups != 0)
        fail("conv2d: expected output channels that divide by {} groups, found weight {}", options.groups,
             weight.str());
    Conv2dParams params{.stride = options.stride, .dilation = options.dilation, .groups = options.groups};
    for (size_t i = 0; i < 2; ++i) {
        const int axis = static_cast<int>(i) + 1;
        if (options.stride[i] < 1 || options.dilation[i] < 1 || options.padding[i] < 0)
            fail("conv2d: expected positive stride and dilation and no negative padding, found {}, {} and {}",
                 options.stride[i], options.dilation[i], options.padding[i]);
        params.padding_before[i] = params.padding_after[i] = options.padding[i];
        if (options.same_padding) {
            const int64_t outputs = (x[axis] + options.stride[i] - 1) / options.stride[i];
            const int64_t reach =
                (outputs - 1) * options.stride[i] + options.dilation[i] * (weight[axis] - 1) + 1;
            const int total = static_cast<int>(std::max<int64_t>(reach - x[axis], 0));
            params.padding_before[i] = total / 2;
            params.padding_after[i] = total - total / 2;
        }
    }
    const Shape y = conv2d_shape(x, weight, params);
    if (y[1] < 1 || y[2] < 1)
        fail("conv2d: expected an input of at least the kernel's reach, found input {} and weight {}",
             x.str(), weight.str());
    return params;
}

Shape conv2d_shape(const Shape& x, const Shape& weight, const Conv2dParams& params) {
    const auto size = [&](int axis) {
        const auto i = static_cast<size_t>(axis - 1);
        return output_size(x[axis], weight[axis], params.stride[i], params.padding_before[i],
                           params.padding_after[i], params.dilation[i]);
    };
    return {x[0], size(1), size(2), weight[0]};
}

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias,
                const Conv2dOptions& options) {
    check_operands(x, weight, bias);
    const Conv2dParams params = conv2d_params(x.shape(), weight.shape(), options);
    Tensor y = Tensor::empty(conv2d_shape(x.shape(), weight.shape(), params), x.dtype(), x.device());
    conv2d_forward(x.value(), weight.value(), bias.value(), Tensor(), y, params);
    if (!will_record({&x, &weight, &bias})) return Variable(y);
    std::vector<Variable> inputs{x, weight};
    if (bias.defined()) inputs.push_back(bias);
    return record(
        "conv2d", y, inputs,
        [input = x.value(), kernel = weight.value(), params](const Tensor& gradient, const auto& needed) {
            std::vector<Tensor> gradients(needed.size());
            if (needed[0]) {
                Tensor* const present = needed.present(0);
                if (present == nullptr) gradients[0] = Tensor::empty_like(input);
                conv2d_backward_data(gradient, kernel, present != nullptr ? *present : gradients[0], params,
                                     present != nullptr);
            }
            if (needed[1]) {
                gradients[1] = Tensor::empty_like(kernel);
                conv2d_backward_weight(gradient, input, gradients[1], params);
            }
            if (needed.size() > 2 && needed[2]) gradients[2] = sum_to_shape(gradient, {kernel.dim(0)});
            return gradients;
        });
}

Tensor conv2d_fused(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                    const Conv2dOptions& options, Activation activation) {
    check_operands(Variable(x), Variable(weight), Variable(bias));
    Conv2dParams params = conv2d_params(x.shape(), weight.shape(), options);
    params.activation = activation;
    Tensor y = Tensor::empty(conv2d_shape(x.shape(), weight.shape(), params), x.dtype(), x.device());
    if (residual.defined()) {
        check_same_kind("conv2d", Variable(x), Variable(residual));
        check_shape("conv2d", "residual", residual.shape(), y.shape());
    }
    conv2d_forward(x, weight, bias, residual, y, params);
    return y;
}

}  // namespace unmask
