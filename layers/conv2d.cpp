// SPDX-License-Identifier: Apache-2.0
#include "layers/conv2d.h"

#include <cmath>

#include "engine/error.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "layers/initialization.h"

namespace unmask {
namespace {

Shape weight_shape(const Conv2dLayerOptions& options) {
    if (options.in_channels < 1 || options.out_channels < 1 || options.kernel < 1 || options.groups < 1 ||
        options.in_channels % options.groups != 0 || options.out_channels % options.groups != 0)
        fail(
            "conv2d: expected positive channel counts that divide by the groups, found {} to {} in {} "
            "groups, kernel {}",
            options.in_channels, options.out_channels, options.groups, options.kernel);
    return {options.out_channels, options.kernel, options.kernel, options.in_channels / options.groups};
}

}  // namespace

Conv2d::Conv2d(const Conv2dLayerOptions& options) : weight_(add_parameter("weight", weight_shape(options))) {
    const int padding = options.padding < 0 ? (options.kernel - 1) / 2 : options.padding;
    geometry_.stride = {options.stride, options.stride};
    geometry_.padding = {padding, padding};
    geometry_.groups = options.groups;
    if (options.bias) bias_ = &add_parameter("bias", {options.out_channels});
}

Variable Conv2d::forward(const Variable& x) {
    const auto operand = [&x](const Variable& v) {
        return x.dtype() == DType::bf16 ? cast(v, DType::bf16) : v;
    };
    Variable weight = operand(weight_);
    if (geometry_.groups == 1 && x.shape().rank() == 4) weight = with_zero_channels(weight, x.dim(3));
    return conv2d(x, weight, bias_ == nullptr ? Variable() : operand(*bias_), geometry_);
}

void Conv2d::initialize_own(uint64_t seed, const std::string& prefix) {
    Tensor weight = weight_.value();
    const int64_t fan_out = weight.dim(0) * weight.dim(1) * weight.dim(2);
    fill_normal(weight, std::sqrt(2.0 / static_cast<double>(fan_out)), seed, prefix + "weight");
    if (bias_ == nullptr) return;
    Tensor bias = bias_->value();
    bias.fill_zero();
}

Variable with_zero_channels(const Variable& weight, int64_t channels) {
    const Shape& shape = weight.shape();
    if (shape[3] >= channels) return weight;
    return concat({weight, Tensor::zeros({shape[0], shape[1], shape[2], channels - shape[3]}, weight.dtype(),
                                         weight.device())},
                  3);
}

}  // namespace unmask
