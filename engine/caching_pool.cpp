// SPDX-License-Identifier: Apache-2.0
#include "engine/caching_pool.h"

#include <algorithm>
#include <bit>

#include "engine/error.h"

namespace unmask {

size_t CachingPool::rounded(size_t bytes) {
    constexpr size_t smallest = 512;
    if (bytes <= smallest) return smallest;
    const size_t step = std::max<size_t>(smallest, std::bit_floor(bytes) / 8);
    return (bytes + step - 1) / step * step;
}

size_t CachingPool::size_of_block(size_t bytes) const {
    return reuse_ == Reuse::none ? bytes : rounded(bytes);
}

bool CachingPool::may_be_oversized(size_t size) const {
    return reuse_ == Reuse::oversized && size >= size_t{1} << 20;
}

void* CachingPool::take_free(size_t size) {
    const size_t most = may_be_oversized(size) ? size + size / 2 : size;
    for (auto place = free_.lower_bound(size); place != free_.end() && place->first <= most; ++place) {
        std::vector<void*>& blocks = place->second.blocks;
        if (blocks.empty()) continue;
        void* memory = blocks.back();
        if (place->first != size) oversized_.push_back({memory, place->first});
        blocks.pop_back();
        return memory;
    }
    return nullptr;
}

void* CachingPool::allocate(size_t bytes) {
    const size_t size = size_of_block(bytes);
    {
        const std::lock_guard lock(mutex_);
        if (void* memory = take_free(size)) {
            count_use(size);
            return memory;
        }
        FreeBlocks& free = free_[size];
        if (free.blocks.capacity() == free.taken) free.blocks.reserve(2 * free.taken + 1);
        ++free.taken;
    }
    void* memory = take_(size);
    if (memory == nullptr) {
        release_cached();
        memory = take_(size);
    }
    const std::lock_guard lock(mutex_);
    if (memory == nullptr) {
        --free_[size].taken;
    } else {
        statistics_.reserved_bytes += size;
        count_use(size);
    }
    return memory;
}

void CachingPool::count_use(size_t size) {
    statistics_.used_bytes += size;
    statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.used_bytes);
}

void CachingPool::release(void* memory, size_t bytes) noexcept {
    if (reuse_ == Reuse::none) return give_to_system(memory, bytes);
    size_t size = rounded(bytes);
    const std::lock_guard lock(mutex_);
    statistics_.used_bytes -= size;
    if (may_be_oversized(size)) {
        const auto block = std::find_if(oversized_.begin(), oversized_.end(),
                                        [memory](const auto& other) { return other.memory == memory; });
        if (block != oversized_.end()) {
            size = block->size;
            *block = oversized_.back();
            oversized_.pop_back();
        }
    }
    free_.find(size)->second.blocks.push_back(memory);  // for which allocate() made room
}

void CachingPool::give_to_system(void* memory, size_t bytes) noexcept {
    UNMASK_ASSERT(reuse_ != Reuse::oversized);  // the block's own size is not looked for
    const size_t size = size_of_block(bytes);
    const std::lock_guard lock(mutex_);
    statistics_.used_bytes -= size;
    statistics_.reserved_bytes -= size;
    --free_.find(size)->second.taken;
    give_(memory, size);
}

void CachingPool::release_cached() {
    const std::lock_guard lock(mutex_);
    for (auto& [size, free] : free_) {
        for (void* block : free.blocks) give_(block, size);
        statistics_.reserved_bytes -= size * free.blocks.size();
        free.taken -= free.blocks.size();
        free.blocks.clear();
    }
}

MemoryStatistics CachingPool::statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

void CachingPool::reset_peak() {
    const std::lock_guard lock(mutex_);
    statistics_.peak_bytes = statistics_.used_bytes;
}

}  // namespace unmask
