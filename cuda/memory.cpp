// SPDX-License-Identifier: Apache-2.0
// Device memory: see memory.h.
#include "cuda/memory.h"

#include <cuda_runtime_api.h>

#include "engine/error.h"

namespace unmask {
namespace {

void* take(int device, size_t bytes) {
    void* memory = nullptr;
    if (cudaSetDevice(device) != cudaSuccess || cudaMalloc(&memory, bytes) != cudaSuccess) {
        static_cast<void>(cudaGetLastError());  // the caller reports it, with sizes
        return nullptr;
    }
    return memory;
}

void give(int device, void* memory) {
    // Failures are those of a device that is gone or was lost, where nothing is left to free.
    if (cudaSetDevice(device) != cudaSuccess || cudaFree(memory) != cudaSuccess)
        static_cast<void>(cudaGetLastError());
}

}  // namespace

PrivatePool::PrivatePool(CachingPool& main, bool keeps)
    : main_(main),
      keeps_(keeps),
      pool_(
          [&main](size_t bytes) { return main.allocate(bytes); },
          // A pool that runs out gives back what is free in it; captured work uses that memory all the same.
          [this](void* memory, size_t bytes) {
              if (keeps_)
                  keep(memory, bytes);
              else
                  main_.release(memory, bytes);
          }) {}

PrivatePool::~PrivatePool() {
    keeps_ = false;
    for (const auto& [memory, bytes] : kept_) main_.release(memory, bytes);
}

DeviceMemory::DeviceMemory(int device)
    : main_([device](size_t bytes) { return take(device, bytes); },
            [device](void* memory, size_t) { give(device, memory); }) {}

std::shared_ptr<PrivatePool> DeviceMemory::current() {
    if (capture_ == nullptr && chain_ < 0) return nullptr;
    if (capture_ != nullptr && chain_ < 0) return capture_->outside;
    auto& pool = (capture_ != nullptr ? capture_->chains : chains_)[chain_];
    if (pool == nullptr) pool = std::make_shared<PrivatePool>(main_, capture_ != nullptr);
    return pool;
}

void* DeviceMemory::allocate(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<PrivatePool> pool = current();
    if (pool == nullptr) return main_.allocate(bytes);
    void* memory = pool->pool().allocate(bytes);
    if (memory != nullptr) owners_[memory] = pool;
    return memory;
}

void DeviceMemory::release(void* memory, size_t bytes) noexcept {
    std::shared_ptr<PrivatePool> owner;  // destroyed after the lock is given back
    const std::lock_guard lock(mutex_);
    const auto place = owners_.find(memory);
    if (place != owners_.end()) {
        owner = std::move(place->second);
        owners_.erase(place);
        owner->pool().release(memory, bytes);
    } else if (capture_ != nullptr) {
        capture_->outside->keep(memory, bytes);
    } else if (chain_ >= 0) {
        freed_in_chains_.emplace_back(memory, bytes);
    } else {
        main_.release(memory, bytes);
    }
}

void DeviceMemory::release_cached() {
    const std::lock_guard lock(mutex_);
    for (auto& [chain, pool] : chains_) pool->pool().release_cached();
    main_.release_cached();
}

std::shared_ptr<CapturePools> DeviceMemory::begin_capture() {
    const std::lock_guard lock(mutex_);
    UNMASK_ASSERT(capture_ == nullptr && chain_ < 0);
    capture_ = std::make_shared<CapturePools>();
    capture_->outside = std::make_shared<PrivatePool>(main_, true);
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
    for (const auto& [memory, bytes] : freed_in_chains_) main_.release(memory, bytes);
    freed_in_chains_.clear();
}

}  // namespace unmask
