// SPDX-License-Identifier: Apache-2.0
// The caching pool, the LRU cache, buffer attachments and the atomic writer.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <vector>

#include "engine/atomic_file.h"
#include "engine/caching_pool.h"
#include "engine/lru_cache.h"
#include "engine/tensor.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(CachingPool, ReusesFreedBlocksAndCountsBytes) {
    int taken = 0, given = 0;
    {
        CachingPool pool(
            [&](size_t bytes) {
                ++taken;
                return std::malloc(bytes);
            },
            [&](void* memory, size_t) {
                ++given;
                std::free(memory);
            });
        void* first = pool.allocate(1000);
        pool.release(first, 1000);
        void* second = pool.allocate(1010);  // the same size class
        EXPECT_EQ(first, second);
        EXPECT_EQ(taken, 1);
        EXPECT_EQ(pool.statistics().used_bytes, CachingPool::rounded(1010));
        EXPECT_EQ(pool.statistics().peak_bytes, CachingPool::rounded(1010));
        pool.release(second, 1010);
        EXPECT_EQ(pool.statistics().used_bytes, 0u);
        EXPECT_EQ(pool.statistics().reserved_bytes, CachingPool::rounded(1010));
        pool.release_cached();
        EXPECT_EQ(pool.statistics().reserved_bytes, 0u);
    }
    EXPECT_EQ(given, taken);
}

// A pool over malloc that may hand out oversized blocks; `given` has the sizes that went back to malloc.
struct OversizingPool {
    static constexpr size_t unit = size_t{1} << 20;
    int taken = 0;
    std::multiset<size_t> given;
    CachingPool pool{[this](size_t bytes) {
                         ++taken;
                         return std::malloc(bytes);
                     },
                     [this](void* memory, size_t bytes) {
                         given.insert(bytes);
                         std::free(memory);
                     },
                     CachingPool::Reuse::oversized};
};

TEST(CachingPool, ALargeRequestMayGetABlockHalfAsLargeAgain) {
    constexpr size_t unit = OversizingPool::unit, most = 6 * unit, less = 4 * unit;
    OversizingPool of;
    void* block = of.pool.allocate(most);
    of.pool.release(block, most);
    EXPECT_EQ(of.pool.allocate(less), block);
    EXPECT_EQ(of.pool.statistics().used_bytes, less);  // what was asked for
    EXPECT_EQ(of.pool.statistics().reserved_bytes, most);
    void* other = of.pool.allocate(most);  // the block is in use
    EXPECT_NE(other, block);
    EXPECT_EQ(of.taken, 2);
    of.pool.release(other, most);
    of.pool.release_cached();
    EXPECT_EQ(of.pool.statistics().reserved_bytes, most);
    of.pool.release(block, less);
    EXPECT_EQ(of.pool.statistics().used_bytes, 0u);
    EXPECT_EQ(of.pool.allocate(most), block);  // it is whole again
    of.pool.release(block, most);
    EXPECT_EQ(of.taken, 2);
    of.pool.release_cached();
    EXPECT_EQ(of.pool.statistics().reserved_bytes, 0u);
    EXPECT_EQ(of.given, (std::multiset<size_t>{most, most}));
}

TEST(CachingPool, NoSmallRequestAndNoneForMuchLessGetsAnOversizedBlock) {
    constexpr size_t unit = OversizingPool::unit;
    OversizingPool of;
    const auto takes = [&](size_t bytes) {
        const int before = of.taken;
        of.pool.release(of.pool.allocate(bytes), bytes);
        return of.taken > before;
    };
    EXPECT_TRUE(takes(6 * unit));
    EXPECT_FALSE(takes(4 * unit));
    EXPECT_TRUE(takes(15 * unit / 4));
    of.pool.release_cached();
    EXPECT_TRUE(takes(5 * unit / 4));
    EXPECT_FALSE(takes(unit));
    EXPECT_TRUE(takes(7 * unit / 8));
}

TEST(CachingPool, TheSmallestBlockThatServesIsTaken) {
    constexpr size_t unit = OversizingPool::unit;
    OversizingPool of;
    std::map<size_t, void*> blocks;
    for (const size_t units : {4, 5, 6}) blocks[units] = of.pool.allocate(units * unit);
    for (const auto& [units, block] : blocks) of.pool.release(block, units * unit);
    for (const size_t units : {4, 5, 6}) EXPECT_EQ(of.pool.allocate(4 * unit), blocks[units]) << units;
    for (const auto& [units, block] : blocks) of.pool.release(block, 4 * unit);
    EXPECT_EQ(of.pool.allocate(5 * unit), blocks[5]);
    of.pool.release(blocks[5], 5 * unit);
}

TEST(CachingPool, WithoutReuseBlocksAreExactAndGoBackAtOnce) {
    std::vector<size_t> taken, given;
    CachingPool pool(
        [&](size_t bytes) {
            taken.push_back(bytes);
            return std::malloc(bytes);
        },
        [&](void* memory, size_t bytes) {
            given.push_back(bytes);
            std::free(memory);
        },
        CachingPool::Reuse::none);
    void *first = pool.allocate(1001), *second = pool.allocate(3);
    EXPECT_EQ(pool.statistics().reserved_bytes, 1004u);
    pool.release(first, 1001);
    EXPECT_EQ(pool.statistics().reserved_bytes, 3u);
    pool.release(second, 3);
    EXPECT_EQ(taken, (std::vector<size_t>{1001, 3}));
    EXPECT_EQ(given, taken);
    EXPECT_EQ(pool.statistics().used_bytes, 0u);
    EXPECT_EQ(pool.statistics().peak_bytes, 1004u);
}

TEST(CachingPool, OthersGiveBlocksOfTheirClassOnly) {
    int taken = 0;
    CachingPool pool(
        [&](size_t bytes) {
            ++taken;
            return std::malloc(bytes);
        },
        [](void* memory, size_t) { std::free(memory); });
    for (const size_t bytes : {size_t{6} << 20, size_t{5} << 20}) pool.release(pool.allocate(bytes), bytes);
    EXPECT_EQ(taken, 2);
}

TEST(CachingPool, WastesAtMostAnEighth) {
    for (size_t bytes = 4096; bytes < (size_t{1} << 30); bytes = bytes * 5 / 4 + 13) {
        EXPECT_GE(CachingPool::rounded(bytes), bytes);
        EXPECT_LE(CachingPool::rounded(bytes), bytes + bytes / 8 + 1);
    }
}

TEST(CachingPool, GivesTheCacheBackBeforeItGivesUp) {
    size_t left = 4096;
    CachingPool pool(
        [&](size_t bytes) -> void* {
            if (bytes > left) return nullptr;
            left -= bytes;
            return std::malloc(bytes);
        },
        [&](void* memory, size_t bytes) {
            left += bytes;
            std::free(memory);
        });
    void* small = pool.allocate(2048);
    pool.release(small, 2048);
    void* large = pool.allocate(4096);
    EXPECT_NE(large, nullptr);
    EXPECT_EQ(pool.allocate(512), nullptr);
    EXPECT_EQ(pool.statistics().used_bytes, 4096u);
    pool.release(large, 4096);
}

TEST(LruCache, ForgetsWhatWasNotUsedForLongest) {
    LruCache<int> cache(2);
    int made = 0;
    const auto get = [&](const std::string& key) { return cache.get(key, [&] { return ++made; }); };
    EXPECT_EQ(get("a"), 1);
    EXPECT_EQ(get("b"), 2);
    EXPECT_EQ(get("a"), 1);
    EXPECT_EQ(get("c"), 3);  // b goes
    EXPECT_EQ(get("a"), 1);
    EXPECT_EQ(get("b"), 4);
    EXPECT_EQ(cache.size(), 2u);
}

TEST(LruCache, MakingAValueMayAskForAnother) {
    LruCache<int> cache(2);
    EXPECT_EQ(cache.get("outer", [&] { return 1 + cache.get("inner", [] { return 10; }); }), 11);
    EXPECT_EQ(cache.get("inner", [] { return 20; }), 10);
    EXPECT_EQ(cache.get("outer", [] { return 20; }), 11);
}

TEST(LruCache, AFailedMakeLeavesNothing) {
    LruCache<int> cache(2);
    EXPECT_THROW(cache.get("a", []() -> int { throw std::runtime_error("no"); }), std::runtime_error);
    EXPECT_EQ(cache.size(), 0u);
    EXPECT_EQ(cache.get("a", [] { return 5; }), 5);
}

TEST(Buffer, AttachmentsAreMadeOnceAndDieWithIt) {
    std::weak_ptr<int> watched;
    {
        const Tensor t = Tensor::zeros({4});
        t.buffer()->freeze();
        int made = 0;
        for (int i = 0; i < 3; ++i)
            watched = t.buffer()->attachment<std::shared_ptr<int>>(
                "k", [&] { return std::make_shared<int>(++made); });
        EXPECT_EQ(made, 1);
        EXPECT_EQ(*watched.lock(), 1);
    }
    EXPECT_TRUE(watched.expired());
}

TEST(AtomicFile, AThrowingWriterLeavesTheOldContent) {
    const TemporaryFolder folder;
    const auto path = folder / "f.txt";
    write_file_atomically(path, "old");
    EXPECT_THROW(write_file_atomically(path,
                                       [](std::ostream& out) {
                                           out << "half";
                                           throw std::runtime_error("stopped");
                                       }),
                 std::runtime_error);
    std::ifstream stream(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "old");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

// A file-size limit stands in for a full disk: write() fails in the same way, with another reason.
TEST(AtomicFile, AFileThatCannotGrowIsAnErrorAndLeavesTheOldContent) {
    const TemporaryFolder folder;
    const auto path = folder / "f.bin";
    write_file_atomically(path, "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{4096, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_error([&] { write_file_atomically(path, std::string(1 << 20, 'x')); },
                 {"f.bin", "failed", "File too large"});
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(std::filesystem::file_size(path), 3u);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(CachingPool, WhatIsNotThereDoesNotCountAsPeak) {
    CachingPool pool([](size_t bytes) { return bytes > 4096 ? nullptr : std::malloc(bytes); },
                     [](void* memory, size_t) { std::free(memory); });
    void* memory = pool.allocate(512);
    EXPECT_EQ(pool.allocate(8192), nullptr);
    EXPECT_EQ(pool.statistics().peak_bytes, 512u);
    pool.release(memory, 512);
    EXPECT_EQ(pool.statistics().used_bytes, 0u);
}

TEST(Buffer, AnAttachmentThatCouldNotBeMadeIsMadeLater) {
    const Tensor x = Tensor::zeros({1});
    EXPECT_THROW((void)x.buffer()->attachment<int>("key", []() -> int { throw Error("no memory"); }), Error);
    EXPECT_EQ(x.buffer()->attachment<int>("key", [] { return 3; }), 3);
    EXPECT_EQ(x.buffer()->attachment<int>("key", [] { return 4; }), 3);
}

}  // namespace
}  // namespace unmask
