// SPDX-License-Identifier: Apache-2.0
// Channels weighted by what a function makes of their means, as squeeze-and-excitation does (Hu et al., CVPR
// 2018), as a part of another op (engine/ops/batch_norm.h): y [N, H, W, C],
//     z[n, h, w, c] = y[n, h, w, c] · gate(mean_{h, w} y)[n, c].
#pragma once

#include <functional>
#include <utility>

#include "engine/variable.h"

namespace unmask {

// means -> weights, both [N, C], in float32 where y is bf16. Its ops are recorded, and walked back within the
// op that it is a part of: a parameter of it that feeds anything else reaches a GradientSink twice.
using ChannelGate = std::function<Variable(const Variable& means)>;

// z by ops of their own: y is any map [N, H, W, C]. Error where the weights have another shape, dtype or
// device (engine/ops/channel_scale.h).
[[nodiscard]] Variable gated(const Variable& y, const ChannelGate& gate);

// One map's gate, forward when it is made. Gradients, where they are on: of the gate's parameters in any
// case, of y where `differentiable`.
class ChannelGating {
  public:
    // Error, in the name of batch_norm, where the weights are not like the means in shape, dtype and device.
    ChannelGating(const ChannelGate& gate, const Tensor& y, bool differentiable);
    // z; once.
    [[nodiscard]] Tensor take_result() { return std::exchange(result_, Tensor()); }
    [[nodiscard]] bool requires_grad() const { return weights_.requires_grad(); }

    // The gradient of y in parts: gradient · weights + grad_means / (H · W), where grad_means [N, C] may be
    // undefined. Walks back through the gate.
    struct Gradient {
        Tensor weights, grad_means;
    };
    [[nodiscard]] Gradient backward(const Tensor& gradient) const;

  private:
    Tensor y_;
    Variable means_, weights_;
    Tensor result_;
};

}  // namespace unmask
