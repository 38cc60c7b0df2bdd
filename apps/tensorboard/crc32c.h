// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli): the checksum of RFC 3720, as TFRecord files use it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace unmask {

namespace detail {
// What each byte adds: the reflected polynomial 0x82F63B78, eight steps of one bit.
constexpr std::array<uint32_t, 256> crc32c_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? (value >> 1) ^ 0x82F63B78u : value >> 1;
        table[byte] = value;
    }
    return table;
}
}  // namespace detail

[[nodiscard]] constexpr uint32_t crc32c(std::string_view bytes) {
    constexpr std::array<uint32_t, 256> table = detail::crc32c_table();
    uint32_t value = 0xFFFFFFFFu;
    for (const char byte : bytes) value = table[(value ^ uint8_t(byte)) & 0xFFu] ^ (value >> 8);
    return value ^ 0xFFFFFFFFu;
}

// Turned by 15 bits and shifted by a constant, so that the checksum of data that hold their own checksum
// stays one.
[[nodiscard]] constexpr uint32_t masked_crc32c(std::string_view bytes) {
    const uint32_t value = crc32c(bytes);
    return ((value >> 15) | (value << 17)) + 0xA282EAD8u;
}

}  // namespace unmask
