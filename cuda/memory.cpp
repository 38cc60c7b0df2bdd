// SPDX-License-Identifier: Apache-2.0
// Device memory: see memory.h.
#include "cuda/memory.h"

#include <algorithm>

#include "engine/error.h"

namespace unmask {

void FreedBlock::give_back(CachingPool& main) const {
    (owner == nullptr ? main : owner->pool()).release(memory, bytes);
}

bool CapturePools::contain(const std::shared_ptr<PrivatePool>& pool) const {
    return pool == outside ||
           std::any_of(chains.begin(), chains.end(), [&](const auto& chain) { return chain.second == pool; });
}

PrivatePool::PrivatePool(CachingPool& main, bool keeps, CachingPool::Reuse reuse)
    : main_(main),
      keeps_(keeps),
      pool_(
          [&main](size_t bytes) { return main.allocate(bytes); },
          // A pool that runs out gives back what is free in it: captured work uses that memory all the same,
          // and a chain's may still be written, so that it goes to the device, which waits for its work.
          [this](void* memory, size_t bytes) {
              if (ends_)
                  main_.release(memory, bytes);
              else if (keeps_)
                  keep({memory, bytes, nullptr});
              else
                  main_.give_to_system(memory, bytes);
          },
          reuse) {}

PrivatePool::~PrivatePool() {
    ends_ = true;
    for (const FreedBlock& block : kept_) block.give_back(main_);
}

std::shared_ptr<PrivatePool> DeviceMemory::current() {
    if (capture_ == nullptr && chain_ < 0) return nullptr;
    if (capture_ != nullptr && chain_ < 0) return capture_->outside;
    auto& pool = (capture_ != nullptr ? capture_->chains : chains_)[chain_];
    if (pool == nullptr) pool = std::make_shared<PrivatePool>(main_, capture_ != nullptr, reuse_);
    return pool;
}

void* DeviceMemory::allocate(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<PrivatePool> pool = current();
    CachingPool& source = pool == nullptr ? main_ : pool->pool();
    void* memory = source.allocate(bytes);
    if (memory == nullptr && capture_ == nullptr && !chains_.empty()) {
        release_all_cached();
        memory = source.allocate(bytes);
    }
    if (memory != nullptr && pool != nullptr) owners_[memory] = pool;
    return memory;
}

void DeviceMemory::release(void* memory, size_t bytes) noexcept {
    FreedBlock block{memory, bytes, nullptr};  // destroyed after the lock is given back
    const std::lock_guard lock(mutex_);
    if (const auto place = owners_.find(memory); place != owners_.end()) {
        block.owner = std::move(place->second);
        owners_.erase(place);
    }
    if (capture_ != nullptr && !capture_->contain(block.owner))
        capture_->outside->keep(std::move(block));  // the captured work may use it whenever it runs
    else if (chain_ >= 0 && block.owner != current())
        freed_in_chains_.push_back(std::move(block));
    else
        block.give_back(main_);
}

void DeviceMemory::release_cached() {
    const std::lock_guard lock(mutex_);
    release_all_cached();
}

void DeviceMemory::release_all_cached() {
    for (auto& [chain, pool] : chains_) pool->pool().release_cached();
    main_.release_cached();
}

std::shared_ptr<CapturePools> DeviceMemory::begin_capture() {
    const std::lock_guard lock(mutex_);
    UNMASK_ASSERT(capture_ == nullptr && chain_ < 0);
    capture_ = std::make_shared<CapturePools>();
    capture_->outside = std::make_shared<PrivatePool>(main_, true, reuse_);
    return capture_;
}

void DeviceMemory::end_capture() {
    std::shared_ptr<CapturePools> ended;
    const std::lock_guard lock(mutex_);
    ended = std::move(capture_);
    capture_.reset();
}

void DeviceMemory::use_chain(int chain) {
    const std::lock_guard lock(mutex_);
    chain_ = chain;
    if (chain >= 0) return;
    for (const FreedBlock& block : freed_in_chains_) block.give_back(main_);
    freed_in_chains_.clear();
}

}  // namespace unmask
