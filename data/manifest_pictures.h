// SPDX-License-Identifier: Apache-2.0
// The pictures of a manifest's rows, wherever they are: files on disk, or parts of a packed shard.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image.h"
#include "data/manifest.h"

namespace unmask {

// Whether there is such a file, readable or not, or such a part.
[[nodiscard]] bool has_picture(const Manifest& manifest, const ManifestRow& row);

// Bytes of the file or part; 0 where there is none.
[[nodiscard]] uint64_t picture_bytes(const Manifest& manifest, const ManifestRow& row);

// The picture, decoded. Error names it and says what is wrong with it.
[[nodiscard]] Image read_picture(const Manifest& manifest, const ManifestRow& row);

// The bytes of its file. Error where a shard holds decoded pixels instead of files.
[[nodiscard]] std::vector<uint8_t> picture_file(const Manifest& manifest, const ManifestRow& row);

}  // namespace unmask
