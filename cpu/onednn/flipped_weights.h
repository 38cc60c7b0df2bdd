// SPDX-License-Identifier: Apache-2.0
// The gradient of a stride-1 convolution with respect to its input is itself a convolution: of grad_y with
// the weights flipped in both directions and input and output channels exchanged,
//     flipped[i, p, q, o] = weight[o, kh - 1 - p, kw - 1 - q, i],  pad' = dilation · (k - 1) - pad.
// In NHWC oneDNN's forward kernels are faster than its backward-data ones on Intel's processors (1.3-1.7
// times) and as fast on AMD's.
#pragma once

#include "engine/ops/conv2d.h"

namespace unmask::onednn {

// Whether the identity applies (stride 1, one group, padding within the kernel's reach) and the map is large
// enough that the flip costs less than it saves.
[[nodiscard]] bool runs_as_forward(const Shape& grad_y, const Shape& weight, const Conv2dParams& params);
[[nodiscard]] Conv2dParams transposed_params(const Shape& weight, const Conv2dParams& params);
// weight [O, kh, kw, I] -> [I, kh, kw, O].
[[nodiscard]] Tensor flipped_weights(const Tensor& weight);

}  // namespace unmask::onednn
