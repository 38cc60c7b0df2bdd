// SPDX-License-Identifier: Apache-2.0
// Device memory by cudaMalloc behind the engine's caching pool, with private pools for captured work.
// Everything on one stream: a block that is freed while kernels still use it is handed out only to later work
// of that stream.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/caching_pool.h"

namespace unmask {

// What one capture allocates. Its blocks come from the main pool and return there when it ends: when the
// captured work and every buffer that was allocated inside the capture are gone.
class CapturePool {
  public:
    explicit CapturePool(CachingPool& main);
    CapturePool(const CapturePool&) = delete;
    CapturePool& operator=(const CapturePool&) = delete;
    ~CapturePool();

    CachingPool& pool() { return pool_; }
    // A block of the main pool that was freed inside the capture: the captured work may read it whenever it
    // runs, so it returns to the main pool only with this pool's end.
    void keep(void* memory, size_t bytes) { kept_.emplace_back(memory, bytes); }

  private:
    CachingPool& main_;
    bool ended_ = false;
    std::vector<std::pair<void*, size_t>> kept_;
    CachingPool pool_;
};

class DeviceMemory {
  public:
    explicit DeviceMemory(int device);

    // nullptr when the device has no more.
    [[nodiscard]] void* allocate(size_t bytes);
    void release(void* memory, size_t bytes) noexcept;
    // Of the main pool, whose blocks the captures hold.
    [[nodiscard]] MemoryStatistics statistics() const { return main_.statistics(); }
    void reset_peak() { main_.reset_peak(); }
    void release_cached() { main_.release_cached(); }

    // Between the two calls everything is allocated from the pool that begin_capture returns.
    [[nodiscard]] std::shared_ptr<CapturePool> begin_capture();
    void end_capture();

  private:
    CachingPool main_;
    std::mutex mutex_;
    std::shared_ptr<CapturePool> capture_;  // while one is open
    // Live blocks that belong to a capture; all others belong to the main pool.
    std::unordered_map<void*, std::shared_ptr<CapturePool>> owners_;
};

}  // namespace unmask
