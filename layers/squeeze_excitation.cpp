// SPDX-License-Identifier: Apache-2.0
#include "layers/squeeze_excitation.h"

#include "engine/ops/activation.h"
#include "engine/ops/layout.h"
#include "engine/ops/matmul.h"

namespace unmask {
namespace {

std::unique_ptr<Conv2d> pointwise(int64_t in_channels, int64_t out_channels) {
    return std::make_unique<Conv2d>(Conv2dLayerOptions{
        .in_channels = in_channels, .out_channels = out_channels, .kernel = 1, .bias = true});
}

// x [N, C] through a 1×1 convolution's weight [O, 1, 1, C].
Variable applied(const Conv2d& layer, const Variable& x) {
    const Variable& weight = layer.weight();
    return linear(x, reshape(weight, {weight.dim(0), weight.dim(3)}), *layer.bias());
}

}  // namespace

SqueezeExcitation::SqueezeExcitation(int64_t channels, int64_t squeezed)
    : fc1_(add_module("fc1", pointwise(channels, squeezed))),
      fc2_(add_module("fc2", pointwise(squeezed, channels))) {}

ChannelGate SqueezeExcitation::gate() const {
    return [this](const Variable& means) { return sigmoid(applied(fc2_, silu(applied(fc1_, means)))); };
}

}  // namespace unmask
