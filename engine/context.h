// SPDX-License-Identifier: Apache-2.0
// One context a device: it owns what the device needs for as long as anything uses it (memory, and on a GPU
// the stream, the library handles and their workspace). Buffers keep their context alive, so none is
// destroyed under a tensor.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/device.h"

namespace unmask {

struct MemoryStatistics {
    size_t used_bytes = 0;      // held by live buffers
    size_t peak_bytes = 0;      // the most ever held by live buffers since the last reset
    size_t reserved_bytes = 0;  // taken from the system, including what the cache keeps for reuse
};

class Context {
  public:
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    virtual ~Context() = default;

    [[nodiscard]] virtual Device device() const = 0;

    // Memory aligned to at least 64 bytes; Error names the size when the system has no more.
    [[nodiscard]] virtual void* allocate(size_t bytes) = 0;
    virtual void release(void* memory, size_t bytes) noexcept = 0;
    [[nodiscard]] virtual MemoryStatistics memory() const = 0;
    virtual void reset_peak() = 0;
    virtual void release_cached() = 0;  // gives unused memory back to the system

    virtual void copy_from_host(void* destination, const void* source, size_t bytes) = 0;
    virtual void copy_to_host(void* destination, const void* source, size_t bytes) = 0;
    virtual void copy_on_device(void* destination, const void* source, size_t bytes) = 0;
    virtual void fill_zero(void* destination, size_t bytes) = 0;
    virtual void synchronize() = 0;
};

// The context of the device. The CPU's exists always; another device's exists once its backend has installed
// it, else Error says that this build or this machine has none.
[[nodiscard]] const std::shared_ptr<Context>& context_of(Device device);
void install_context(std::shared_ptr<Context> context);

}  // namespace unmask
