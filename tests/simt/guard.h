// SPDX-License-Identifier: Apache-2.0
// The bytes around memory of the emulated GPU. Whatever is read of them as bf16 or f32 is NaN, so that it
// shows in what a kernel makes of it, and unlike the NaN that new memory is filled with they are nothing that
// kernels write.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simt {

// Pairs 0xA5, 0x7F at even addresses: 0x7FA5 and 0x7FA57FA5.
inline unsigned char guard_byte(const unsigned char* place) {
    return reinterpret_cast<uintptr_t>(place) % 2 == 0 ? 0xA5 : 0x7F;
}

inline void fill_guard(unsigned char* begin, size_t bytes) {
    for (unsigned char* place = begin; place < begin + bytes; ++place) *place = guard_byte(place);
}

[[nodiscard]] inline bool intact_guard(const unsigned char* begin, size_t bytes) {
    for (const unsigned char* place = begin; place < begin + bytes; ++place)
        if (*place != guard_byte(place)) return false;
    return true;
}

}  // namespace simt
