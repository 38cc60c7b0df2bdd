// SPDX-License-Identifier: Apache-2.0
// The checksum of zip archives (ISO 3309): CRC-32, reflected polynomial 0xEDB88320.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace unmask {

namespace detail {
[[nodiscard]] constexpr std::array<uint32_t, 256> crc32_table() {
    std::array<uint32_t, 256> result{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t entry = i;
        for (int bit = 0; bit < 8; ++bit) entry = (entry >> 1) ^ ((entry & 1) != 0 ? 0xEDB88320u : 0u);
        result[i] = entry;
    }
    return result;
}
}  // namespace detail

class Crc32 {
  public:
    void add(const void* bytes, size_t count) {
        const auto* byte = static_cast<const uint8_t*>(bytes);
        for (size_t i = 0; i < count; ++i) state_ = (state_ >> 8) ^ table[(state_ ^ byte[i]) & 0xFF];
    }
    [[nodiscard]] uint32_t value() const { return ~state_; }

  private:
    static constexpr std::array<uint32_t, 256> table = detail::crc32_table();

    uint32_t state_ = ~uint32_t{0};
};

}  // namespace unmask
