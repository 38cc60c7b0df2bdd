// SPDX-License-Identifier: Apache-2.0
// Channels weighted by what a function makes of their means, as squeeze-and-excitation does (Hu et al., CVPR
// 2018), by itself or as a part of another op (engine/ops/batch_norm.h): y [N, H, W, C],
//     z[n, h, w, c] = y[n, h, w, c] · gate(mean_{h, w} y)[n, c].
#pragma once

#include <functional>

#include "engine/variable.h"

namespace unmask {

// means -> weights, both [N, C], in float32 where y is bf16. As a part of another op its ops are recorded,
// and walked back within that op: a parameter of it that feeds anything else reaches a GradientSink twice.
using ChannelGate = std::function<Variable(const Variable& means)>;

// z by ops of their own: y is any map [N, H, W, C]. Error where the weights have another shape, dtype or
// device (engine/ops/channel_scale.h).
[[nodiscard]] Variable gated(const Variable& y, const ChannelGate& gate);

// One map's gate within another op, forward when it is made. Gradients, where they are on: of the gate's
// parameters in any case, of the means where `differentiable`.
class ChannelGating {
  public:
    // Error, in the name of batch_norm, where the weights are not like the means in shape, dtype and device.
    ChannelGating(const ChannelGate& gate, const Tensor& means, bool differentiable);
    [[nodiscard]] const Tensor& weights() const { return weights_.value(); }
    [[nodiscard]] bool requires_grad() const { return weights_.requires_grad(); }

    // Walks back through the gate, unless grad_weights is undefined; gives the gradient of the means, or an
    // undefined tensor for zeros. The gradient of y is then that of z · weights + grad_means / (H · W).
    [[nodiscard]] Tensor backward(const Tensor& grad_weights) const;

  private:
    Variable means_, weights_;
};

}  // namespace unmask
