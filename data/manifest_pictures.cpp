// SPDX-License-Identifier: Apache-2.0
#include "data/manifest_pictures.h"

#include <system_error>

#include "data/file_magic.h"
#include "data/picture.h"
#include "data/shard/shard.h"

namespace unmask {

bool has_picture(const Manifest& manifest, const ManifestRow& row) {
    if (manifest.shard) return manifest.shard->picture_bytes(row.path) > 0;
    std::error_code ignored;
    return std::filesystem::is_regular_file(manifest.file(row), ignored);
}

uint64_t picture_bytes(const Manifest& manifest, const ManifestRow& row) {
    if (manifest.shard) return manifest.shard->picture_bytes(row.path);
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(manifest.file(row), error);
    return error ? 0 : size;
}

Image read_picture(const Manifest& manifest, const ManifestRow& row) {
    return manifest.shard ? manifest.shard->picture(row.path) : read_picture(manifest.file(row));
}

std::vector<uint8_t> picture_file(const Manifest& manifest, const ManifestRow& row) {
    return manifest.shard ? manifest.shard->picture_file(row.path)
                          : read_file(manifest.file(row), max_picture_bytes);
}

}  // namespace unmask
