// SPDX-License-Identifier: Apache-2.0
#include "layers/linear.h"

#include <algorithm>
#include <cmath>

#include "layers/initialization.h"

namespace unmask {

Linear::Linear(int64_t in_features, int64_t out_features)
    : weight_(add_parameter("weight", {out_features, in_features})),
      bias_(add_parameter("bias", {out_features})) {}

void Linear::initialize_own(uint64_t seed, const std::string& prefix) {
    Tensor weight = weight_.value(), bias = bias_.value();
    const double bound = 1.0 / std::sqrt(static_cast<double>(std::max<int64_t>(weight.dim(1), 1)));
    fill_uniform(weight, bound, seed, prefix + "weight");
    fill_uniform(bias, bound, seed, prefix + "bias");
}

}  // namespace unmask
