// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_norm_activation.h"

#include <algorithm>

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

std::vector<Variable> ConvNormActivation::forward_lockstep(const std::vector<Layer*>& peers,
                                                           const std::vector<Variable>& x) {
    return forward_lockstep(
        parts_of<ConvNormActivation>(peers, [](ConvNormActivation& peer) { return &peer; }), x, {});
}

std::vector<Variable> ConvNormActivation::forward_lockstep(const std::vector<ConvNormActivation*>& blocks,
                                                           const std::vector<Variable>& x,
                                                           const std::vector<Variable>& residuals) {
    std::vector<Variable> y;
    if (blocks.front()->uses_folded()) {
        for (size_t i = 0; i < blocks.size(); ++i) {
            const Folded& folded = blocks[i]->folded_for(x[i]);
            y.emplace_back(conv2d_fused(x[i].value(), folded.weight, folded.bias,
                                        residuals.empty() ? Tensor() : residuals[i].value(),
                                        blocks[i]->conv_.geometry(), blocks[i]->norm_.activation()));
        }
        return y;
    }
    std::vector<BatchNormOperands> norms;
    for (size_t i = 0; i < blocks.size(); ++i) {
        y.push_back(blocks[i]->conv_.forward(x[i]));
        norms.push_back(blocks[i]->norm_.operands());
    }
    return batch_norm(y, norms, blocks.front()->norm_.params(), residuals);
}

const ConvNormActivation::Folded& ConvNormActivation::folded_for(const Variable& x) {
    const int64_t channels = std::max(folded_.weight.dim(3), conv_.geometry().groups == 1 ? x.dim(3) : 0);
    if (x.dtype() != DType::bf16 && channels == folded_.weight.dim(3)) return folded_;
    const auto [place, is_new] = adapted_.try_emplace({x.dtype(), channels});
    if (is_new) {
        const DType dtype = x.dtype() == DType::bf16 ? DType::bf16 : folded_.weight.dtype();
        place->second = {with_zero_channels(cast(folded_.weight, dtype), channels).value(),
                         cast(folded_.bias, dtype).value()};
        place->second.weight.buffer()->freeze();
        place->second.bias.buffer()->freeze();
    }
    return place->second;
}

Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x) {
    ConvNormActivation& first = *blocks.front();
    if (first.uses_folded()) {
        std::vector<Variable> weights, biases;
        for (ConvNormActivation* block : blocks) {
            const ConvNormActivation::Folded& folded = block->folded_for(x);
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
    weight = with_zero_channels(weight, x.dim(3));
    return batch_norm(conv2d(x, weight, {}, first.conv_.geometry()), norms, first.norm_.params());
}

void ConvNormActivation::prepare_own() {
    const Tensor& weight = conv_.weight().value();
    const BatchNorm::Affine affine = norm_.inference_affine();
    std::vector<double> folded = weight.to_doubles();
    const size_t row = folded.size() / affine.scale.size();
    for (size_t i = 0; i < folded.size(); ++i) folded[i] *= affine.scale[i / row];
    folded_ = {frozen(weight.shape(), folded, weight), frozen({weight.dim(0)}, affine.shift, weight)};
    adapted_.clear();
}

void ConvNormActivation::discard_prepared() {
    folded_ = {};
    adapted_.clear();
}

}  // namespace unmask
