// SPDX-License-Identifier: Apache-2.0
// Memory that a kernel needs while it runs. It comes from the CPU's cache of blocks without any bookkeeping
// on the heap, so that after a kernel's first calls with the same sizes it allocates nothing.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/context.h"

namespace unmask {

// `count` uninitialised elements.
template <class T>
class Scratch {
    static_assert(std::is_trivially_destructible_v<T>);

  public:
    explicit Scratch(int64_t count)
        : bytes_(static_cast<size_t>(count) * sizeof(T)),
          data_(static_cast<T*>(context_of(cpu_device)->allocate(bytes_))) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { context_of(cpu_device)->release(data_, bytes_); }

    [[nodiscard]] T* data() const { return data_; }

  private:
    size_t bytes_;
    T* data_;
};

}  // namespace unmask
