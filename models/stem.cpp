// SPDX-License-Identifier: Apache-2.0
#include "models/stem.h"

#include "engine/ops/layout.h"
#include "models/backbone.h"

namespace unmask {

Stem::Stem(const ConvNormActivationOptions& options, std::optional<Pool2dParams> pool)
    : block_(add_module("", std::make_unique<ConvNormActivation>(options))), pool_(pool) {}

Variable Stem::forward(const Variable& x) {
    const Variable y = block_.forward(x);
    return pool_ ? max_pool2d(y, *pool_) : y;
}

std::vector<Variable> merged_stem_maps(std::span<Backbone* const> branches, const Variable& x) {
    std::vector<ConvNormActivation*> blocks;
    for (Backbone* branch : branches) blocks.push_back(&branch->stem().block());
    const Variable merged = forward_merged(blocks, x);
    const std::optional<Pool2dParams>& pool = branches.front()->stem().pool();
    const Variable all = pool ? max_pool2d(merged, *pool) : merged;
    return split(all, 3, static_cast<int64_t>(branches.size()));
}

}  // namespace unmask
