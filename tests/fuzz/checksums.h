// SPDX-License-Identifier: Apache-2.0
// Checksums would stop nearly every mutated input at the door: a copy of it with the checksums made right
// gets further.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace unmask::fuzz {

// A packed shard: those of the pictures, the parts and the header, as far as they lie within the file.
[[nodiscard]] std::vector<uint8_t> with_shard_checksums(std::span<const uint8_t> file);

// A PNG: those of its chunks. Anything else comes back as it is.
[[nodiscard]] std::vector<uint8_t> with_png_checksums(std::span<const uint8_t> file);

// A zip archive: those of the entries in its directory.
[[nodiscard]] std::vector<uint8_t> with_zip_checksums(std::span<const uint8_t> file);

}  // namespace unmask::fuzz
