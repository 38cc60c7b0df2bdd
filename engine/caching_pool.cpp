// SPDX-License-Identifier: Apache-2.0
#include "engine/caching_pool.h"

#include <algorithm>
#include <bit>

namespace unmask {

size_t CachingPool::rounded(size_t bytes) {
    constexpr size_t smallest = 512;
    if (bytes <= smallest) return smallest;
    const size_t step = std::max<size_t>(smallest, std::bit_floor(bytes) / 8);
    return (bytes + step - 1) / step * step;
}

void* CachingPool::allocate(size_t bytes) {
    const size_t size = rounded(bytes);
    {
        const std::lock_guard lock(mutex_);
        statistics_.used_bytes += size;
        statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.used_bytes);
        const auto found = free_.find(size);
        if (found != free_.end() && !found->second.empty()) {
            void* memory = found->second.back();
            found->second.pop_back();
            return memory;
        }
    }
    void* memory = take_(size);
    if (memory == nullptr) {
        release_cached();
        memory = take_(size);
    }
    const std::lock_guard lock(mutex_);
    if (memory == nullptr)
        statistics_.used_bytes -= size;
    else
        statistics_.reserved_bytes += size;
    return memory;
}

void CachingPool::release(void* memory, size_t bytes) noexcept {
    const size_t size = rounded(bytes);
    const std::lock_guard lock(mutex_);
    statistics_.used_bytes -= size;
    free_[size].push_back(memory);
}

void CachingPool::release_cached() {
    const std::lock_guard lock(mutex_);
    for (const auto& [size, blocks] : free_) {
        for (void* block : blocks) give_(block, size);
        statistics_.reserved_bytes -= size * blocks.size();
    }
    free_.clear();
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
