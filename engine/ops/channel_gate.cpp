// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/channel_gate.h"

#include "engine/ops/channel_scale.h"
#include "engine/ops/check.h"
#include "engine/ops/pool.h"

namespace unmask {

Variable gated(const Variable& y, const ChannelGate& gate) {
    return channel_scale(y, gate(global_average_pool(y)));
}

ChannelGating::ChannelGating(const ChannelGate& gate, const Tensor& y, bool differentiable)
    : y_(y), means_(global_average_pool(y).value(), differentiable), weights_(gate(means_)) {
    check_shape("batch_norm", "weights of the channels", weights_.shape(), means_.shape());
    if (weights_.dtype() != means_.dtype() || weights_.device() != means_.device())
        fail("batch_norm: expected weights of the channels as {} on {}, like their means, found {} on {}",
             name_of(means_.dtype()), name_of(means_.device()), name_of(weights_.dtype()),
             name_of(weights_.device()));
    result_ = Tensor::empty_like(y_);
    channel_scale_forward(y_, weights_.value(), result_);
}

ChannelGating::Gradient ChannelGating::backward(const Tensor& gradient) const {
    if (weights_.requires_grad()) {
        Tensor none, own = Tensor::empty_like(weights_.value());
        channel_scale_backward(gradient, y_, weights_.value(), none, own);
        weights_.backward(own);
    }
    return {weights_.value(), means_.requires_grad() ? means_.gradient() : Tensor()};
}

}  // namespace unmask
