// SPDX-License-Identifier: Apache-2.0
// Channels weighted by what a function makes of their means, as squeeze-and-excitation does (Hu et al., CVPR
// 2018), as a part of another op (engine/ops/batch_norm.h): y [N, H, W, C],
//     z[n, h, w, c] = y[n, h, w, c] · gate(mean_{h, w} y)[n, c].
#pragma once

#include <functional>

#include "engine/variable.h"

namespace unmask {

// means -> weights, both [N, C], in float32 where y is bf16. Recorded like any other, it is walked back
// within the op.
using ChannelGate = std::function<Variable(const Variable& means)>;

// z by ops of their own: y is any map.
[[nodiscard]] Variable gated(const Variable& y, const ChannelGate& gate);

// One map's gate, forward when it is made. Gradients, where they are on: of the gate's parameters in any
// case, of y where `differentiable`.
class ChannelGating {
  public:
    ChannelGating(const ChannelGate& gate, const Tensor& y, bool differentiable);
    [[nodiscard]] const Tensor& result() const { return result_; }
    [[nodiscard]] bool requires_grad() const { return weights_.requires_grad(); }
    void release_result() { result_ = Tensor(); }

    // The gradient of y in parts: gradient · weights + grad_means / (H · W), where grad_means [N, C] may be
    // undefined. Walks back through the gate.
    struct Gradient {
        Tensor weights, grad_means;
    };
    [[nodiscard]] Gradient backward(const Tensor& gradient) const;

  private:
    Tensor y_, result_;
    Variable means_, weights_;
};

}  // namespace unmask
