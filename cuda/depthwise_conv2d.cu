// SPDX-License-Identifier: Apache-2.0
#include "cuda/depthwise_conv2d.h"

#include "engine/error.h"

namespace unmask {
bool depthwise_conv2d_supported(const Shape&, const Shape&, const Conv2dParams&) {
    return false;
}
void depthwise_conv2d_forward(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                              const Conv2dParams&) {
    UNMASK_ASSERT(false);
}
void depthwise_conv2d_backward_data(const Tensor&, const Tensor&, Tensor&, const Conv2dParams&) {
    UNMASK_ASSERT(false);
}
void depthwise_conv2d_backward_weight(const Tensor&, const Tensor&, Tensor&, const Conv2dParams&) {
    UNMASK_ASSERT(false);
}
}  // namespace unmask
