// SPDX-License-Identifier: Apache-2.0
#include "layers/sequential.h"

#include <algorithm>
#include <span>

#include "engine/ops/layout.h"
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

Variable Sequential::forward_recomputed(const Variable& x, size_t count) {
    Variable y = x;
    count = std::min(count, layers_.size());
    for (Layer* layer : std::span(layers_).first(count))
        y = recompute(y, [layer](const Variable& input) { return layer->forward(input); });
    return forward_from(count, y);
}

Variable Sequential::forward_in_slices(const Variable& x, int64_t images, int64_t pixels) {
    const int64_t batch = x.shape()[0];
    std::vector<Variable> slices;
    size_t whole = layers_.size();  // the first layer of the whole batch
    for (int64_t begin = 0; begin < batch; begin += images) {
        Variable y = slice(x, 0, begin, std::min(batch, begin + images));
        for (size_t i = 0; i < whole; ++i) {
            y = layers_[i]->forward(y);
            if (y.shape()[1] * y.shape()[2] <= pixels) whole = i + 1;
        }
        slices.push_back(std::move(y));
    }
    return forward_from(whole, concat(slices, 0));
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
