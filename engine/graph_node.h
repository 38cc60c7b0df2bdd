// SPDX-License-Identifier: Apache-2.0
// What an op leaves behind for backward: for engine/variable.cpp, which records it, and engine/backward.cpp,
// which walks over it.
#pragma once

#include <memory>
#include <vector>

#include "engine/variable.h"

namespace unmask::detail {

struct Node {
    const char* op;
    int chain = -1;  // see engine/chains.h
    std::vector<std::shared_ptr<GradientSlot>> inputs;
    std::vector<std::weak_ptr<GradientSlot>> outputs;  // gone where nothing uses the result
    JointBackwardFunction backward;

    // Long graphs would otherwise be destroyed by recursion, one stack frame a node.
    ~Node() {
        std::vector<std::shared_ptr<Node>> pending;
        const auto take = [&pending](std::vector<std::shared_ptr<GradientSlot>>& slots) {
            for (auto& slot : slots)
                if (slot != nullptr && slot.use_count() == 1 && slot->node != nullptr)
                    pending.push_back(std::move(slot->node));
            slots.clear();
        };
        take(inputs);
        while (!pending.empty()) {
            const std::shared_ptr<Node> node = std::move(pending.back());
            pending.pop_back();
            if (node.use_count() == 1) take(node->inputs);
        }
    }
};

// Adds to what the slot holds.
void accumulate(GradientSlot& slot, Tensor gradient);
// Walks from the slot, whose node made it, with the gradient given.
void walk_back(const std::shared_ptr<GradientSlot>& root, const Tensor& gradient);

}  // namespace unmask::detail
