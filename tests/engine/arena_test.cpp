// SPDX-License-Identifier: Apache-2.0
#include "engine/arena.h"

#include <gtest/gtest.h>

#include "engine/philox.h"

namespace unmask {
namespace {

void expect_no_overlap(const std::vector<ArenaBlock>& blocks, const ArenaPlan& plan) {
    ASSERT_EQ(plan.offsets.size(), blocks.size());
    for (size_t a = 0; a < blocks.size(); ++a) {
        EXPECT_EQ(plan.offsets[a] % 64, 0u);
        EXPECT_LE(plan.offsets[a] + blocks[a].bytes, plan.bytes);
        for (size_t b = 0; b < a; ++b) {
            const bool same_time = blocks[a].first <= blocks[b].last && blocks[b].first <= blocks[a].last;
            const bool same_place = plan.offsets[a] < plan.offsets[b] + blocks[b].bytes &&
                                    plan.offsets[b] < plan.offsets[a] + blocks[a].bytes;
            EXPECT_FALSE(same_time && same_place) << "blocks " << a << " and " << b;
        }
    }
}

TEST(Arena, AChainNeedsTwoNeighbours) {
    std::vector<ArenaBlock> blocks;
    for (size_t i = 0; i < 20; ++i) blocks.push_back({.bytes = 640, .first = i, .last = i + 1});
    const ArenaPlan plan = plan_arena(blocks);
    expect_no_overlap(blocks, plan);
    EXPECT_EQ(plan.bytes, 1280u);
    EXPECT_EQ(arena_floor(blocks), 1280u);
}

TEST(Arena, ABlockTakesTheSmallestGap) {
    // Two gaps below the long-lived blocks at step 5: of 256 bytes and of 128; the block of 128 fits both.
    const std::vector<ArenaBlock> blocks{{1024, 0, 9}, {256, 0, 4}, {512, 0, 9},
                                         {128, 0, 4},  {448, 0, 9}, {128, 5, 9}};
    const ArenaPlan plan = plan_arena(blocks);
    expect_no_overlap(blocks, plan);
    EXPECT_EQ(plan.bytes, arena_floor(std::vector<ArenaBlock>(blocks.begin(), blocks.begin() + 5)));
}

TEST(Arena, RandomLifetimesNeverMeetAndStayNearTheFloor) {
    const Philox random(1, "arena");
    for (uint64_t round = 0; round < 50; ++round) {
        std::vector<ArenaBlock> blocks;
        for (uint64_t i = 0; i < 120; ++i) {
            const auto draw = [&](uint64_t what) { return random.uniform(round, 3 * i + what); };
            const auto first = static_cast<size_t>(100 * draw(0));
            blocks.push_back({.bytes = static_cast<size_t>(100000 * draw(1)),
                              .first = first,
                              .last = first + static_cast<size_t>(10 * draw(2))});
        }
        const ArenaPlan plan = plan_arena(blocks);
        expect_no_overlap(blocks, plan);
        EXPECT_GE(plan.bytes, arena_floor(blocks));
        EXPECT_LE(plan.bytes, arena_floor(blocks) * 5 / 4);
    }
}

TEST(Arena, NothingNeedsNothing) {
    EXPECT_EQ(plan_arena({}).bytes, 0u);
    const ArenaPlan plan = plan_arena({{0, 0, 3}, {64, 1, 1}});
    EXPECT_EQ(plan.bytes, 64u);
    EXPECT_EQ(arena_floor({{0, 0, 3}, {64, 1, 1}}), 64u);
}

}  // namespace
}  // namespace unmask
