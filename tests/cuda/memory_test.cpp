// SPDX-License-Identifier: Apache-2.0
// Which block is handed out when: chains and captured work must not be given memory that others still use.
#include "cuda/memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <vector>

namespace unmask {
namespace {

constexpr size_t bytes = 1000;

class PooledMemory : public testing::Test {
  protected:
    ~PooledMemory() override {
        for (void* block : taken_) memory_.release(block, bytes);
    }
    void* take() { return *taken_.insert(memory_.allocate(bytes)).first; }
    void free(void* block) {
        taken_.erase(block);
        memory_.release(block, bytes);
    }

    DeviceMemory memory_{std::malloc, [](void* block, size_t) { std::free(block); }};

  private:
    std::set<void*> taken_;  // and not freed
};

TEST_F(PooledMemory, AFreedBlockServesLaterWorkOfTheStream) {
    void* block = take();
    free(block);
    EXPECT_EQ(take(), block);
    free(block);
}

TEST_F(PooledMemory, ABlockFreedInAChainWaitsForTheJoin) {
    void* block = take();
    memory_.use_chain(0);
    free(block);
    void* own = take();
    EXPECT_NE(own, block);
    memory_.use_chain(1);
    void* other = take();
    EXPECT_NE(other, block);
    memory_.use_chain(-1);
    EXPECT_EQ(take(), block);
    for (void* one : {block, own, other}) free(one);
}

TEST_F(PooledMemory, AChainReusesItsOwnBlocksAtOnceAndNoOthers) {
    memory_.use_chain(0);
    void* block = take();
    memory_.use_chain(1);
    free(block);  // read by chain 1, say, which may be behind chain 0
    memory_.use_chain(0);
    void* other = take();
    EXPECT_NE(other, block);
    free(other);
    EXPECT_EQ(take(), other);
    memory_.use_chain(-1);
    memory_.use_chain(0);
    EXPECT_EQ(take(), block);
    free(block), free(other);
    memory_.use_chain(-1);
}

TEST_F(PooledMemory, CapturedWorkKeepsWhatItUses) {
    void* before = take();
    void* inside = nullptr;
    {
        const auto captured = memory_.begin_capture();
        inside = take();
        free(inside);
        EXPECT_EQ(take(), inside);  // in the order of the captured work
        free(inside);
        free(before);
        memory_.end_capture();
        for (int i = 0; i < 4; ++i) {
            void* later = take();
            EXPECT_TRUE(later != before && later != inside);
        }
    }
    void *first = take(), *second = take();  // the captured work is gone
    EXPECT_TRUE((first == before && second == inside) || (first == inside && second == before));
}

TEST_F(PooledMemory, CapturedWorkKeepsAChainsBlockThatIsFreedInside) {
    memory_.use_chain(0);
    void* of_chain = take();
    memory_.use_chain(-1);
    auto captured = memory_.begin_capture();
    memory_.use_chain(0);
    free(of_chain);
    memory_.use_chain(-1);
    memory_.end_capture();
    memory_.use_chain(0);
    void* later = take();
    EXPECT_NE(later, of_chain);
    captured.reset();
    EXPECT_EQ(take(), of_chain);
    free(of_chain), free(later);
    memory_.use_chain(-1);
}

TEST_F(PooledMemory, CapturedWorkKeepsTheMemoryOfEarlierCapturedWork) {
    auto first = memory_.begin_capture();
    void* result = take();
    memory_.end_capture();
    first.reset();  // the result holds its pool
    auto second = memory_.begin_capture();
    free(result);
    memory_.end_capture();
    void* later = take();
    EXPECT_NE(later, result);
    second.reset();
    EXPECT_EQ(take(), result);
    free(result), free(later);
}

TEST_F(PooledMemory, ABufferMayOutliveTheWorkThatAllocatedIt) {
    auto captured = memory_.begin_capture();
    void* block = take();
    memory_.end_capture();
    captured.reset();
    void* later = take();
    EXPECT_NE(later, block);
    free(block);
    EXPECT_EQ(take(), block);
    free(block), free(later);
}

// What a chain's pool keeps for later is given back when the device has no more.
TEST(LimitedMemory, ComesFromTheChainsPoolsToo) {
    size_t left = 2;  // blocks
    DeviceMemory memory(
        [&](size_t size) -> void* {
            if (left == 0) return nullptr;
            --left;
            return std::malloc(size);
        },
        [&](void* block, size_t) {
            ++left;
            std::free(block);
        });
    for (const int chain : {0, 1}) {
        memory.use_chain(chain);
        memory.release(memory.allocate(bytes), bytes);
    }
    memory.use_chain(-1);
    void* larger = memory.allocate(3 * bytes);
    EXPECT_NE(larger, nullptr);
    memory.use_chain(0);
    void* of_chain = memory.allocate(5 * bytes);
    EXPECT_NE(of_chain, nullptr);
    EXPECT_EQ(memory.allocate(bytes), nullptr);
    memory.release(of_chain, 5 * bytes);
    memory.use_chain(-1);
    memory.release(larger, 3 * bytes);
}

// Such a block may still be written by its chain: the device, which waits for that, gets it, no other chain.
TEST(LimitedMemory, WhatAChainGivesBackIsNoOtherChainsAtOnce) {
    int refused = 0;
    // Freed last, so that no address comes again.
    std::vector<std::unique_ptr<void, decltype(&std::free)>> given;
    DeviceMemory memory(
        [&](size_t size) -> void* {
            if (refused > 0) return --refused, nullptr;  // then another program makes room
            return std::malloc(size);
        },
        [&](void* block, size_t) { given.emplace_back(block, &std::free); });
    memory.use_chain(0);
    void* block = memory.allocate(bytes);
    memory.release(block, bytes);
    refused = 2;  // also after the main pool has given back what it has
    void* larger = memory.allocate(3 * bytes);
    ASSERT_NE(larger, nullptr);
    ASSERT_EQ(given.size(), 1u);
    EXPECT_EQ(given.front().get(), block);
    memory.use_chain(1);
    void* other = memory.allocate(bytes);
    EXPECT_NE(other, block);
    memory.release(other, bytes);
    memory.use_chain(0);
    memory.release(larger, 3 * bytes);
    memory.use_chain(-1);
    EXPECT_EQ(memory.statistics().used_bytes, memory.statistics().reserved_bytes);
}

// Every buffer is then a block of its own that goes back at once, or with the captured work that used it.
TEST(UncachedMemory, GoesBackFromEveryPool) {
    int held = 0;
    std::vector<size_t> sizes;
    DeviceMemory memory(
        [&](size_t size) {
            ++held;
            sizes.push_back(size);
            return std::malloc(size);
        },
        [&](void* block, size_t) {
            --held;
            std::free(block);
        },
        CachingPool::Reuse::none);
    memory.release(memory.allocate(bytes), bytes);
    EXPECT_EQ(held, 0);
    memory.use_chain(0);
    memory.release(memory.allocate(bytes + 1), bytes + 1);
    memory.use_chain(-1);
    EXPECT_EQ(held, 0);
    auto captured = memory.begin_capture();
    memory.release(memory.allocate(bytes + 2), bytes + 2);
    memory.end_capture();
    EXPECT_EQ(held, 1);
    captured.reset();
    EXPECT_EQ(held, 0);
    EXPECT_EQ(sizes, (std::vector<size_t>{bytes, bytes + 1, bytes + 2}));
}

}  // namespace
}  // namespace unmask
