// SPDX-License-Identifier: Apache-2.0
// EfficientNet-B0 (Tan & Le, ICML 2019) with torchvision's parameter names, without stochastic depth. 1280
// features at width 1.
#pragma once

#include "models/backbone.h"

namespace unmask {

[[nodiscard]] std::unique_ptr<Backbone> make_efficientnet_b0(double width);

}  // namespace unmask
