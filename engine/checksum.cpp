// SPDX-License-Identifier: Apache-2.0
#include "engine/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace unmask {

uint64_t checksum(std::span<const uint8_t> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t checksum(std::string_view text) {
    return XXH3_64bits(text.data(), text.size());
}

}  // namespace unmask
