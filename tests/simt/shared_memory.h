// SPDX-License-Identifier: Apache-2.0
// The shared memory of an emulated block.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/simt/machine.h"

namespace simt {

constexpr size_t most_shared = size_t{48} << 10;  // static and dynamic; UNMASK_LAUNCH asks for no more

// An array for each mark, with guards around it.
class SharedMemory {
  public:
    void begin_block(size_t dynamic_bytes);
    // The array of that mark, filled with NaN when it is made; Fault when the block then has too much.
    void* array(const Site& site, const void* mark, size_t bytes);
    void* dynamic() { return dynamic_.data(); }
    [[nodiscard]] bool holds(const void* address) const;
    // For messages: the array that the address is in, or global memory.
    [[nodiscard]] std::string name_of(const void* address) const;
    // Fault when something was written beyond an array.
    void check() const;

  private:
    struct Block {
        std::vector<unsigned char> bytes;
        size_t begin = 0, size = 0;
        [[nodiscard]] unsigned char* data() { return bytes.data() + begin; }
        [[nodiscard]] bool holds(const void* address) const;
        [[nodiscard]] bool intact() const;
    };
    struct Array {
        Site site;
        const void* mark;
        Block block;
    };
    static Block make(size_t size);

    std::vector<Array> arrays_;
    Block dynamic_;
    size_t used_ = 0;
};

}  // namespace simt
