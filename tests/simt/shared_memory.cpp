// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/shared_memory.h"

#include <cstring>

#include "tests/simt/guard.h"
#include "tests/simt/machine_state.h"

namespace simt {
namespace {

constexpr size_t guard_bytes = 64, shared_alignment = 128;
constexpr unsigned char poison = 0xFF;  // all ones are a NaN in every floating type

}  // namespace

void SharedMemory::begin_block(size_t dynamic_bytes) {
    for (Array& array : arrays_) forget_accesses(array.block.data(), array.block.size);
    forget_accesses(dynamic_.data(), dynamic_.size);
    arrays_.clear();
    used_ = dynamic_bytes;
    dynamic_ = make(dynamic_bytes);
}

void* SharedMemory::array(const Site& site, const void* mark, size_t bytes) {
    for (Array& array : arrays_)
        if (array.mark == mark) return array.block.data();
    used_ += bytes;
    if (used_ > most_shared) fault("more than " + std::to_string(most_shared) + " bytes of shared memory");
    arrays_.push_back({site, mark, make(bytes)});
    return arrays_.back().block.data();
}

void SharedMemory::check() const {
    for (const Array& array : arrays_)
        if (!array.block.intact()) fault("a write beyond the shared array of " + text_of(array.site));
    if (!dynamic_.intact()) fault("a write beyond the dynamic shared memory");
}

bool SharedMemory::holds(const void* address) const {
    for (const Array& array : arrays_)
        if (array.block.holds(address)) return true;
    return dynamic_.holds(address);
}

std::string SharedMemory::name_of(const void* address) const {
    for (const Array& array : arrays_)
        if (array.block.holds(address)) return "the shared array of " + text_of(array.site);
    return dynamic_.holds(address) ? "the dynamic shared memory" : "global memory";
}

bool SharedMemory::Block::holds(const void* address) const {
    const auto distance =
        reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(bytes.data() + begin);
    return distance < size;
}
bool SharedMemory::Block::intact() const {
    return intact_guard(bytes.data(), begin) &&
           intact_guard(bytes.data() + begin + size, bytes.size() - begin - size);
}

SharedMemory::Block SharedMemory::make(size_t size) {
    Block block;
    block.bytes.resize(size + 2 * guard_bytes + shared_alignment);
    fill_guard(block.bytes.data(), block.bytes.size());
    const auto address = reinterpret_cast<uintptr_t>(block.bytes.data()) + guard_bytes;
    block.begin = guard_bytes + (shared_alignment - address % shared_alignment) % shared_alignment;
    block.size = size;
    std::memset(block.data(), poison, size);
    forget_accesses(block.data(), size);
    return block;
}

}  // namespace simt
