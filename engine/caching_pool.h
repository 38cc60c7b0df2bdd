// SPDX-License-Identifier: Apache-2.0
// A cache in front of a slow allocator: freed blocks are kept by size class and handed out again. Every
// device's context has one; the device supplies how memory is taken and given back.
#pragma once

#include <cstddef>
#include <cstdint>
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

    // Which free block serves a request. `none`: nothing is kept, and blocks have exactly the size that was
    // asked for, so that a tool that watches memory sees where each ends. `oversized`: where none of its
    // class is free, one of 1 MB or more gets the smallest that is up to half as large again.
    enum class Reuse : uint8_t { none, same_class, oversized };

    CachingPool(Take take, Give give, Reuse reuse = Reuse::same_class)
        : take_(std::move(take)), give_(std::move(give)), reuse_(reuse) {}
    CachingPool(const CachingPool&) = delete;
    CachingPool& operator=(const CachingPool&) = delete;
    ~CachingPool() { release_cached(); }

    // When the system has no more, the cache is given back and the request tried once again; nullptr then
    // means no.
    [[nodiscard]] void* allocate(size_t bytes);
    void release(void* memory, size_t bytes) noexcept;
    // Gives it to the system at once, instead of keeping it for another request; not of a pool whose blocks
    // may be oversized.
    void give_to_system(void* memory, size_t bytes) noexcept;
    void release_cached();
    [[nodiscard]] MemoryStatistics statistics() const;
    void reset_peak();

    // Sizes are rounded, which wastes at most an eighth, so that near sizes share blocks.
    [[nodiscard]] static size_t rounded(size_t bytes);

  private:
    // Of one size. `blocks` has room for all of them, so that none needs memory to be released.
    struct FreeBlocks {
        std::vector<void*> blocks;
        size_t taken = 0;  // from the system, in use or free
    };
    // A block in use by a request of a smaller class, and its own.
    struct OversizedBlock {
        void* memory;
        size_t size;
    };
    [[nodiscard]] size_t size_of_block(size_t bytes) const;
    [[nodiscard]] bool may_be_oversized(size_t size) const;
    [[nodiscard]] void* take_free(size_t size);  // nullptr: none
    void count_use(size_t size);

    Take take_;
    Give give_;
    Reuse reuse_;
    mutable std::mutex mutex_;
    std::map<size_t, FreeBlocks> free_;  // by size_of_block
    std::vector<OversizedBlock> oversized_;
    MemoryStatistics statistics_;
};

}  // namespace unmask
