// SPDX-License-Identifier: Apache-2.0
#include "layers/linear_norm_activation.h"

#include "layers/folding.h"

namespace unmask {

LinearNormActivation::LinearNormActivation(const LinearNormActivationOptions& options)
    : linear_name_(options.linear_name),
      linear_(add_module(options.linear_name,
                         std::make_unique<Linear>(options.in_features, options.out_features))),
      norm_(add_module(options.norm_name,
                       std::make_unique<BatchNorm>(options.out_features, options.activation))) {}

Variable LinearNormActivation::forward(const Variable& x) {
    if (folded_weight_.values.defined() && fusable() && !training() && !grad_enabled())
        return compact_linear(x.value(), folded_weight_, folded_bias_, norm_.activation());
    check_kept();
    return norm_.forward(linear_.forward(x));
}

bool LinearNormActivation::fusable() const {
    return norm_.activation() == Activation::none || norm_.activation() == Activation::relu;
}

void LinearNormActivation::prepare_own(WeightFormat format) {
    const Tensor& weight = linear_.weight().value();
    const BatchNorm::Affine affine = norm_.inference_affine();
    std::vector<double> folded = weight.to_doubles(), bias = linear_.bias().value().to_doubles();
    const size_t row = folded.size() / bias.size();
    for (size_t i = 0; i < folded.size(); ++i) folded[i] *= affine.scale[i / row];
    for (size_t i = 0; i < bias.size(); ++i) bias[i] = bias[i] * affine.scale[i] + affine.shift[i];
    folded_weight_ = compacted(weight.shape(), folded, weight.dtype(), weight.device(), format);
    folded_bias_ = frozen({weight.dim(0)}, bias, weight.dtype(), weight.device());
}

std::vector<Module::NamedTensor> LinearNormActivation::prepared_own() const {
    if (!folded_weight_.values.defined()) return {};
    return {{linear_name_ + ".weight", folded_weight_.values}, {linear_name_ + ".bias", folded_bias_}};
}

void LinearNormActivation::discard_prepared() {
    folded_weight_ = {};
    folded_bias_ = {};
}

void LinearNormActivation::release_own() {
    if (fusable()) release_memory();
}

}  // namespace unmask
