// SPDX-License-Identifier: Apache-2.0
// The emulated GPU's memory. Kernels, copies and libraries' calls may touch it; host code that does ends the
// program with a message, as it would on a GPU, whose addresses mean nothing to the host. Not in builds with
// the address sanitizer, which watches the ends of ordinary memory.
#pragma once

#include <cstddef>

namespace simt {

// A block for kernels, at a multiple of 128; nullptr when there is no more.
[[nodiscard]] void* take_memory(size_t bytes);
void give_memory(void* memory, size_t bytes) noexcept;

// The memory may be touched while one lives, by any thread.
class MemoryAccess {
  public:
    MemoryAccess();
    MemoryAccess(const MemoryAccess&) = delete;
    MemoryAccess& operator=(const MemoryAccess&) = delete;
    ~MemoryAccess();
};

}  // namespace simt
