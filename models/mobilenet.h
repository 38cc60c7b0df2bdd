// SPDX-License-Identifier: Apache-2.0
// MobileNetV1 (Howard et al., 2017): a 3×3 stem and thirteen depthwise separable blocks. 1024 features at
// width 1.
#pragma once

#include "models/backbone.h"

namespace unmask {

[[nodiscard]] std::unique_ptr<Backbone> make_mobilenet_v1(double width);

}  // namespace unmask
