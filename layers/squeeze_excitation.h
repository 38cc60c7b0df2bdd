// SPDX-License-Identifier: Apache-2.0
// Squeeze-and-excitation (Hu et al., CVPR 2018): channels weighted by a small perceptron of their means,
//     y = x · σ(fc2(silu(fc1(mean_{h,w} x)))),   x, y [N, H, W, C].
#pragma once

#include "engine/ops/channel_gate.h"
#include "layers/conv2d.h"

namespace unmask {

// fc1 (C -> squeezed) and fc2 (squeezed -> C) are 1×1 convolutions with bias by name and shape, as
// torchvision's; they run as matrix products, since their map is a single pixel.
class SqueezeExcitation final : public Layer {
  public:
    SqueezeExcitation(int64_t channels, int64_t squeezed);
    [[nodiscard]] Variable forward(const Variable& x) override { return gated(x, gate()); }
    // What it makes of the means, for the op that makes x; it must not outlive the layer.
    [[nodiscard]] ChannelGate gate() const;

  private:
    Conv2d& fc1_;
    Conv2d& fc2_;
};

}  // namespace unmask
