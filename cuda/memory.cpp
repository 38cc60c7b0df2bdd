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

CapturePool::CapturePool(CachingPool& main)
    : main_(main),
      pool_([&main](size_t bytes) { return main.allocate(bytes); },
            // A pool that runs out gives back what is free in it; the captured work uses that memory all the
            // same.
            [this](void* memory, size_t bytes) {
                if (ended_)
                    main_.release(memory, bytes);
                else
                    keep(memory, bytes);
            }) {}

CapturePool::~CapturePool() {
    ended_ = true;
    for (const auto& [memory, bytes] : kept_) main_.release(memory, bytes);
}

DeviceMemory::DeviceMemory(int device)
    : main_([device](size_t bytes) { return take(device, bytes); },
            [device](void* memory, size_t) { give(device, memory); }) {}

void* DeviceMemory::allocate(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (capture_ == nullptr) return main_.allocate(bytes);
    void* memory = capture_->pool().allocate(bytes);
    if (memory != nullptr) owners_[memory] = capture_;
    return memory;
}

void DeviceMemory::release(void* memory, size_t bytes) noexcept {
    std::shared_ptr<CapturePool> owner;  // destroyed after the lock is given back
    const std::lock_guard lock(mutex_);
    const auto place = owners_.find(memory);
    if (place != owners_.end()) {
        owner = std::move(place->second);
        owners_.erase(place);
        owner->pool().release(memory, bytes);
    } else if (capture_ != nullptr) {
        capture_->keep(memory, bytes);
    } else {
        main_.release(memory, bytes);
    }
}

std::shared_ptr<CapturePool> DeviceMemory::begin_capture() {
    const std::lock_guard lock(mutex_);
    UNMASK_ASSERT(capture_ == nullptr);
    capture_ = std::make_shared<CapturePool>(main_);
    return capture_;
}

void DeviceMemory::end_capture() {
    std::shared_ptr<CapturePool> ended;
    const std::lock_guard lock(mutex_);
    ended = std::move(capture_);
    capture_.reset();
}

}  // namespace unmask
