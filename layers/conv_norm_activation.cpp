// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_norm_activation.h"

#include "engine/error.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "layers/folding.h"

namespace unmask {
namespace {

Conv2dLayerOptions conv_options(const ConvNormActivationOptions& options) {
    return {.in_channels = options.in_channels,
            .out_channels = options.out_channels,
            .kernel = options.kernel,
            .stride = options.stride,
            .groups = options.groups};
}

}  // namespace

ConvNormActivation::ConvNormActivation(const ConvNormActivationOptions& options)
    : conv_(add_module(options.conv_name, std::make_unique<Conv2d>(conv_options(options)))),
      norm_(add_module(options.norm_name,
                       std::make_unique<BatchNorm>(options.out_channels, options.activation))) {}

Variable ConvNormActivation::forward(const Variable& x, const Variable& residual) {
    if (folded_.weight.defined() && !training() && !grad_enabled()) {
        const Folded& folded = folded_as(x.dtype());
        return conv2d_fused(x.value(), folded.weight, folded.bias, residual.value(), conv_.geometry(),
                            norm_.activation());
    }
    return norm_.forward(conv_.forward(x), residual);
}

const ConvNormActivation::Folded& ConvNormActivation::folded_as(DType dtype) {
    if (dtype != DType::bf16) return folded_;
    if (!folded_bf16_.weight.defined()) {
        folded_bf16_ = {cast(folded_.weight, dtype).value(), cast(folded_.bias, dtype).value()};
        folded_bf16_.weight.buffer()->freeze();
        folded_bf16_.bias.buffer()->freeze();
    }
    return folded_bf16_;
}

Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x) {
    ConvNormActivation& first = *blocks.front();
    if (first.folded_.weight.defined() && !first.training() && !grad_enabled()) {
        std::vector<Variable> weights, biases;
        for (ConvNormActivation* block : blocks) {
            const ConvNormActivation::Folded& folded = block->folded_as(x.dtype());
            weights.emplace_back(folded.weight);
            biases.emplace_back(folded.bias);
        }
        return conv2d_fused(x.value(), concat(weights, 0).value(), concat(biases, 0).value(), Tensor(),
                            first.conv_.geometry(), first.norm_.activation());
    }
    std::vector<Variable> weights;
    std::vector<BatchNormOperands> norms;
    for (ConvNormActivation* block : blocks) {
        weights.push_back(block->conv_.weight());
        norms.push_back(block->norm_.operands());
    }
    Variable weight = concat(weights, 0);
    if (x.dtype() == DType::bf16) weight = cast(weight, DType::bf16);
    return batch_norm(conv2d(x, weight, {}, first.conv_.geometry()), norms, first.norm_.params());
}

void ConvNormActivation::prepare_own() {
    const Tensor& weight = conv_.weight().value();
    const BatchNorm::Affine affine = norm_.inference_affine();
    std::vector<double> folded = weight.to_doubles();
    const size_t row = folded.size() / affine.scale.size();
    for (size_t i = 0; i < folded.size(); ++i) folded[i] *= affine.scale[i / row];
    folded_ = {frozen(weight.shape(), folded, weight), frozen({weight.dim(0)}, affine.shift, weight)};
    folded_bf16_ = {};
}

void ConvNormActivation::discard_prepared() {
    folded_ = {};
    folded_bf16_ = {};
}

}  // namespace unmask
