// SPDX-License-Identifier: Apache-2.0
#include "layers/sequential.h"

#include "engine/recompute.h"

namespace unmask {

std::vector<Variable> Sequential::forward_lockstep(const std::vector<Layer*>& peers,
                                                   const std::vector<Variable>& x) {
    return forward_lockstep_from(0, parts_of<Sequential>(peers, [](Sequential& peer) { return &peer; }), x);
}

float Sequential::link_scales(float input) {
    float scale = input;
    for (Layer* layer : layers_) scale = layer->link_scales(scale);
    return scale;
}

Variable Sequential::forward_recomputed(const Variable& x) {
    Variable y = x;
    for (Layer* layer : layers_)
        y = recompute(y, [layer](const Variable& input) { return layer->forward(input); });
    return y;
}

std::vector<Variable> Sequential::forward_lockstep_from(size_t first, const std::vector<Sequential*>& peers,
                                                        const std::vector<Variable>& x) {
    std::vector<Variable> y = x;
    for (size_t i = first; i < peers.front()->size(); ++i) {
        const auto layers = parts_of<Sequential>(peers, [i](Sequential& peer) { return peer.layers_[i]; });
        y = layers.front()->forward_lockstep(layers, y);
    }
    return y;
}

}  // namespace unmask
