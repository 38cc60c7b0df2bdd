// SPDX-License-Identifier: Apache-2.0
// A cache in front of a slow allocator: freed blocks are kept by size class and handed out again, large ones
// for somewhat less too. Every device's context has one; the device supplies how memory is taken and given
// back.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "engine/context.h"

namespace unmask {

class CachingPool {
  public:
    using Take = std::function<void*(size_t bytes)>;  // returns nullptr when there is no more
    using Give = std::function<void(void* memory, size_t bytes)>;

    CachingPool(Take take, Give give) : take_(std::move(take)), give_(std::move(give)) {}
    CachingPool(const CachingPool&) = delete;
    CachingPool& operator=(const CachingPool&) = delete;
    ~CachingPool() { release_cached(); }

    // When the system has no more, the cache is given back and the request tried once again; nullptr then
    // means no.
    [[nodiscard]] void* allocate(size_t bytes);
    void release(void* memory, size_t bytes) noexcept;
    void release_cached();
    [[nodiscard]] MemoryStatistics statistics() const;
    void reset_peak();

    // Sizes are rounded so that at most an eighth is wasted and near sizes share blocks.
    [[nodiscard]] static size_t rounded(size_t bytes);

  private:
    // Of one rounded size. `blocks` has room for all of them, so that none needs memory to be released.
    struct FreeBlocks {
        std::vector<void*> blocks;
        size_t taken = 0;  // from the system, in use or free
    };
    // A block that is out for less than its size.
    struct Lent {
        void* memory;
        size_t size;
    };
    // Whether a free block of one rounded size is used for another: a large one for up to a third less,
    // rather than that one more is taken from the system.
    [[nodiscard]] static bool serves(size_t block, size_t size);
    void count_use(size_t size);

    Take take_;
    Give give_;
    mutable std::mutex mutex_;
    std::map<size_t, FreeBlocks> free_;  // by rounded size
    std::vector<Lent> lent_;
    MemoryStatistics statistics_;
};

}  // namespace unmask
