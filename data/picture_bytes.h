// SPDX-License-Identifier: Apache-2.0
// Numbers in the bytes of picture files. Nothing is checked: the bytes must be there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace unmask {

using Bytes = std::span<const uint8_t>;

inline uint32_t big16(Bytes b, size_t at) {
    return uint32_t{b[at]} << 8 | b[at + 1];
}
inline uint32_t big32(Bytes b, size_t at) {
    return big16(b, at) << 16 | big16(b, at + 2);
}
inline uint32_t little16(Bytes b, size_t at) {
    return uint32_t{b[at + 1]} << 8 | b[at];
}
inline uint32_t little32(Bytes b, size_t at) {
    return little16(b, at + 2) << 16 | little16(b, at);
}

}  // namespace unmask
