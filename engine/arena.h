// SPDX-License-Identifier: Apache-2.0
// Places for blocks of memory that are not all needed at once, within one allocation.
#pragma once

#include <cstddef>
#include <vector>

namespace unmask {

// A block and the steps, first to last, during which it is in use.
struct ArenaBlock {
    size_t bytes = 0;
    size_t first = 0, last = 0;
};

struct ArenaPlan {
    std::vector<size_t> offsets;  // of each block, multiples of 64
    size_t bytes = 0;             // of the arena
};

// Blocks that are in use at the same step never overlap. Larger blocks are placed first, each into the
// smallest gap that takes it (greedy by size: Pisarchyk & Lee, "Efficient Memory Management for Deep Neural
// Net Inference", 2020).
[[nodiscard]] ArenaPlan plan_arena(const std::vector<ArenaBlock>& blocks);

// The most bytes in use at one step: what no plan can stay below.
[[nodiscard]] size_t arena_floor(const std::vector<ArenaBlock>& blocks);

}  // namespace unmask
