// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/channel_gate.h"

#include "engine/ops/channel_scale.h"
#include "engine/ops/check.h"
#include "engine/ops/pool.h"

namespace unmask {

Variable gated(const Variable& y, const ChannelGate& gate) {
    return channel_scale(y, gate(global_average_pool(y)));
}

ChannelGating::ChannelGating(const ChannelGate& gate, const Tensor& means, bool differentiable)
    : means_(means, differentiable), weights_(gate(means_)) {
    check_shape("batch_norm", "weights of the channels", weights_.shape(), means_.shape());
    if (weights_.dtype() != means_.dtype() || weights_.device() != means_.device())
        fail("batch_norm: expected weights of the channels as {} on {}, like their means, found {} on {}",
             name_of(means_.dtype()), name_of(means_.device()), name_of(weights_.dtype()),
             name_of(weights_.device()));
}

Tensor ChannelGating::backward(const Tensor& grad_weights) const {
    if (grad_weights.defined()) weights_.backward(grad_weights);
    return means_.requires_grad() ? means_.gradient() : Tensor();
}

}  // namespace unmask
