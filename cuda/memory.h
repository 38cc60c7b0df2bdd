// SPDX-License-Identifier: Apache-2.0
// Device memory behind the engine's caching pool, with private pools for captured work and for chains (see
// Context::fork). A block that is freed while kernels still use it is handed out only to later work of the
// same stream.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/caching_pool.h"

namespace unmask {

class PrivatePool;

// A block that nobody holds any longer, on its way back to its pool.
struct FreedBlock {
    void* memory;
    size_t bytes;
    std::shared_ptr<PrivatePool> owner;  // null: the main pool
    void give_back(CachingPool& main) const;
};

// A pool of its own whose blocks come from the main pool.
class PrivatePool {
  public:
    // With `keeps` every block stays until this ends, since captured work may use it whenever it runs.
    PrivatePool(CachingPool& main, bool keeps, CachingPool::Reuse reuse);
    PrivatePool(const PrivatePool&) = delete;
    PrivatePool& operator=(const PrivatePool&) = delete;
    ~PrivatePool();

    CachingPool& pool() { return pool_; }
    // The block returns to its pool with this pool's end.
    void keep(FreedBlock block) { kept_.push_back(std::move(block)); }

  private:
    CachingPool& main_;
    bool keeps_, ends_ = false;
    std::vector<FreedBlock> kept_;
    CachingPool pool_;
};

// The pools of one capture: outside of chains, and each chain's. They end when the captured work and every
// buffer that was allocated inside the capture are gone.
struct CapturePools {
    std::shared_ptr<PrivatePool> outside;
    std::map<int, std::shared_ptr<PrivatePool>> chains;
    [[nodiscard]] bool contain(const std::shared_ptr<PrivatePool>& pool) const;
};

class DeviceMemory {
  public:
    // `take` gives nullptr when the device has no more.
    DeviceMemory(CachingPool::Take take, CachingPool::Give give,
                 CachingPool::Reuse reuse = CachingPool::Reuse::same_class)
        : reuse_(reuse), main_(std::move(take), std::move(give), reuse) {}

    // When the device has no more, all that is cached (in the chains' pools too, unless work is captured) is
    // given back and the request tried once again; nullptr then means no.
    [[nodiscard]] void* allocate(size_t bytes);
    void release(void* memory, size_t bytes) noexcept;
    // Of the main pool, whose blocks the private pools hold.
    [[nodiscard]] MemoryStatistics statistics() const { return main_.statistics(); }
    void reset_peak() { main_.reset_peak(); }
    void release_cached();

    // Until end_capture everything is allocated from the pools that this returns.
    [[nodiscard]] std::shared_ptr<CapturePools> begin_capture();
    void end_capture();

    // Allocates from the chain's own pool from here on; -1 for none, after every chain was waited for.
    void use_chain(int chain);

  private:
    // Where memory is allocated now; null: from the main pool.
    [[nodiscard]] std::shared_ptr<PrivatePool> current();
    void release_all_cached();  // with the lock held

    CachingPool::Reuse reuse_;
    CachingPool main_;
    std::mutex mutex_;
    int chain_ = -1;
    std::map<int, std::shared_ptr<PrivatePool>> chains_;
    // Blocks that were freed within a chain and are not its own: another chain might be given one too early.
    std::vector<FreedBlock> freed_in_chains_;
    std::shared_ptr<CapturePools> capture_;  // while one is open
    // Live blocks that belong to a private pool; all others belong to the main pool.
    std::unordered_map<void*, std::shared_ptr<PrivatePool>> owners_;
};

// A block that goes back with the last of those that may use it.
class SharedBlock {
  public:
    SharedBlock(DeviceMemory& pool, size_t bytes)
        : pool_(pool), bytes_(bytes), memory_(pool.allocate(bytes)) {}
    SharedBlock(const SharedBlock&) = delete;
    SharedBlock& operator=(const SharedBlock&) = delete;
    ~SharedBlock() {
        if (memory_ != nullptr) pool_.release(memory_, bytes_);
    }
    [[nodiscard]] void* memory() const { return memory_; }  // nullptr: the device had no more
    [[nodiscard]] size_t bytes() const { return bytes_; }

  private:
    DeviceMemory& pool_;
    size_t bytes_;
    void* memory_;
};

}  // namespace unmask
