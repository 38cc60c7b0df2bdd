// SPDX-License-Identifier: Apache-2.0
// Numbers and checksums within a shard's bytes, for tests that change them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/checksum.h"

namespace unmask {

// A number of the header or the index, little-endian.
inline void put(std::string& bytes, size_t at, uint64_t value, size_t width = 8) {
    for (size_t i = 0; i < width; ++i) bytes[at + i] = char(value >> (8 * i));
}
inline uint64_t get(const std::string& bytes, size_t at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value |= uint64_t(uint8_t(bytes[at + i])) << (8 * i);
    return value;
}
inline uint64_t checksum(const std::string& bytes, size_t at, size_t count) {
    return checksum(std::string_view(bytes).substr(at, count));
}
// Makes the checksums of index and header right again.
inline void seal(std::string& bytes) {
    put(bytes, 104, checksum(bytes, get(bytes, 88), get(bytes, 96)));
    put(bytes, 120, checksum(bytes, 0, 120));
}

}  // namespace unmask
