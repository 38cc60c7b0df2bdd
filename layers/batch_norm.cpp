// SPDX-License-Identifier: Apache-2.0
#include "layers/batch_norm.h"

#include <cmath>

#include "engine/recompute.h"
#include "layers/initialization.h"

namespace unmask {

BatchNorm::BatchNorm(int64_t channels, Activation activation, double eps, double momentum)
    : weight_(add_parameter("weight", {channels})),
      bias_(add_parameter("bias", {channels})),
      running_mean_(add_buffer("running_mean", Tensor::zeros({channels}))),
      running_variance_(add_buffer("running_var", Tensor::full({channels}, 1.0))) {
    params_.momentum = momentum;
    params_.eps = eps;
    params_.activation = activation;
}

Variable BatchNorm::forward(const Variable& x, const Variable& residual) {
    return batch_norm(x, {operands()}, params(), residual);
}

BatchNormParams BatchNorm::params() const {
    BatchNormParams params = params_;
    params.training = training();
    if (dropout_) params.dropout = dropout_->params();
    if (recomputing()) params.momentum = 0.0;  // the running statistics have seen this batch
    return params;
}

BatchNorm::Affine BatchNorm::inference_affine() const {
    const std::vector<double> weight = weight_.value().to_doubles(), bias = bias_.value().to_doubles();
    const std::vector<double> mean = running_mean_.to_doubles(), variance = running_variance_.to_doubles();
    Affine result{weight, bias};
    for (size_t c = 0; c < weight.size(); ++c) {
        result.scale[c] = weight[c] / std::sqrt(variance[c] + params_.eps);
        result.shift[c] = bias[c] - mean[c] * result.scale[c];
    }
    return result;
}

void BatchNorm::initialize_own(uint64_t, const std::string&) {
    Tensor weight = weight_.value(), bias = bias_.value();
    fill_constant(weight, 1.0);
    bias.fill_zero();
    running_mean_.fill_zero();
    fill_constant(running_variance_, 1.0);
}

}  // namespace unmask
