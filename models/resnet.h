// SPDX-License-Identifier: Apache-2.0
// Residual networks (He et al., CVPR 2016) with torchvision's parameter names; the stride of a bottleneck is
// in its 3×3 convolution. Features at width 1: 512, 512 and 2048.
#pragma once

#include "models/backbone.h"

namespace unmask {

[[nodiscard]] std::unique_ptr<Backbone> make_resnet18(double width);
[[nodiscard]] std::unique_ptr<Backbone> make_resnet34(double width);
[[nodiscard]] std::unique_ptr<Backbone> make_resnet50(double width);

}  // namespace unmask
