// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_norm_activation.h"

#include "engine/error.h"

namespace unmask {
namespace {

Conv2dLayerOptions conv_options(const ConvNormActivationOptions& options) {
    return {.in_channels = options.in_channels,
            .out_channels = options.out_channels,
            .kernel = options.kernel,
            .stride = options.stride,
            .groups = options.groups};
}

// The values as the other tensor's dtype on its device, in memory that never changes again.
Tensor frozen(const Shape& shape, const std::vector<double>& values, const Tensor& like) {
    const Tensor host = Tensor::from(shape, values).to(like.dtype());
    Tensor result = host.to(like.device());
    result.buffer()->freeze();
    return result;
}

}  // namespace

ConvNormActivation::ConvNormActivation(const ConvNormActivationOptions& options)
    : conv_(add_module(options.conv_name, std::make_unique<Conv2d>(conv_options(options)))),
      norm_(add_module(options.norm_name,
                       std::make_unique<BatchNorm>(options.out_channels, options.activation))) {}

Variable ConvNormActivation::forward(const Variable& x, const Variable& residual) {
    if (folded_weight_.defined() && !training() && !grad_enabled())
        return conv2d_fused(x.value(), folded_weight_, folded_bias_, residual.value(), conv_.geometry(),
                            norm_.activation());
    return norm_.forward(conv_.forward(x), residual);
}

void ConvNormActivation::prepare_own() {
    const Tensor& weight = conv_.weight().value();
    const BatchNorm::Affine affine = norm_.inference_affine();
    std::vector<double> folded = weight.to_doubles();
    const size_t row = folded.size() / affine.scale.size();
    for (size_t i = 0; i < folded.size(); ++i) folded[i] *= affine.scale[i / row];
    folded_weight_ = frozen(weight.shape(), folded, weight);
    folded_bias_ = frozen({weight.dim(0)}, affine.shift, weight);
}

void ConvNormActivation::discard_prepared() {
    folded_weight_ = Tensor();
    folded_bias_ = Tensor();
}

}  // namespace unmask
