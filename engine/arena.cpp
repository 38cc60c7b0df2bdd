// SPDX-License-Identifier: Apache-2.0
#include "engine/arena.h"

#include <algorithm>
#include <numeric>

namespace unmask {
namespace {

constexpr size_t alignment = 64;

size_t aligned(size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

bool meet(const ArenaBlock& a, const ArenaBlock& b) {
    return a.first <= b.last && b.first <= a.last;
}

}  // namespace

ArenaPlan plan_arena(const std::vector<ArenaBlock>& blocks) {
    std::vector<size_t> by_size(blocks.size());
    std::iota(by_size.begin(), by_size.end(), size_t{0});
    std::stable_sort(by_size.begin(), by_size.end(),
                     [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
    ArenaPlan plan{std::vector<size_t>(blocks.size(), 0), 0};
    std::vector<size_t> placed;  // by offset
    for (const size_t block : by_size) {
        const size_t size = aligned(blocks[block].bytes);
        if (size == 0) continue;
        size_t best = 0, best_gap = 0, end = 0;  // end: of what lies below the current gap
        bool found = false;
        for (const size_t other : placed) {
            if (!meet(blocks[block], blocks[other])) continue;
            const size_t begin = plan.offsets[other];
            if (begin >= end + size && (!found || begin - end < best_gap)) {
                best = end;
                best_gap = begin - end;
                found = true;
            }
            end = std::max(end, begin + aligned(blocks[other].bytes));
        }
        plan.offsets[block] = found ? best : end;
        plan.bytes = std::max(plan.bytes, plan.offsets[block] + size);
        placed.insert(std::upper_bound(placed.begin(), placed.end(), block,
                                       [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
                      block);
    }
    return plan;
}

size_t arena_floor(const std::vector<ArenaBlock>& blocks) {
    size_t steps = 0, most = 0;
    for (const ArenaBlock& block : blocks) steps = std::max(steps, block.last + 1);
    for (size_t step = 0; step < steps; ++step) {
        size_t used = 0;
        for (const ArenaBlock& block : blocks)
            if (block.first <= step && step <= block.last) used += aligned(block.bytes);
        most = std::max(most, used);
    }
    return most;
}

}  // namespace unmask
