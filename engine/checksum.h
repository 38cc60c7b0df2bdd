// SPDX-License-Identifier: Apache-2.0
// The checksum of model files, shards and data: XXH3 with 64 bits and seed 0 (https://xxhash.com).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace unmask {

[[nodiscard]] uint64_t checksum(std::span<const uint8_t> bytes);
[[nodiscard]] uint64_t checksum(std::string_view text);

}  // namespace unmask
