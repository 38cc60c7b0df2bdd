// SPDX-License-Identifier: Apache-2.0
#include "models/stem.h"

#include "engine/ops/layout.h"
#include "models/backbone.h"

namespace unmask {

Stem::Stem(const ConvNormActivationOptions& options, std::optional<Pool2dParams> pool)
    : block_(add_module("", std::make_unique<ConvNormActivation>(options))), pool_(pool) {}

std::vector<Variable> Stem::forward_lockstep(const std::vector<Layer*>& peers,
                                             const std::vector<Variable>& x) {
    const auto blocks = parts_of<Stem>(peers, [](Stem& peer) { return &peer.block_; });
    return ConvNormActivation::forward_lockstep(blocks, x, {.pool = pool_});
}

std::vector<Variable> merged_stem_maps(std::span<Backbone* const> branches, const Variable& x) {
    std::vector<ConvNormActivation*> blocks;
    for (Backbone* branch : branches) blocks.push_back(&branch->stem().block());
    if (!in_one_mode(blocks) || blocks.front()->quantized()) {
        std::vector<Variable> maps;
        for (Backbone* branch : branches) maps.push_back(branch->stem().forward(x));
        return maps;
    }
    const Variable maps = forward_merged(blocks, x, branches.front()->stem().pool());
    return split(maps, 3, static_cast<int64_t>(branches.size()));
}

}  // namespace unmask
