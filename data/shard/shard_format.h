// SPDX-License-Identifier: Apache-2.0
// The bytes of a packed shard: a manifest and all its pictures in one file. All numbers are little-endian,
// offsets count from the beginning of the file, checksums are those of data/checksum.h.
//
//     header     128 bytes
//     pictures   each at a multiple of 64 bytes, in the order of the rows; rows that share a path share one
//     landmarks  of the pictures that have some, 68 times x and y as IEEE 754 doubles, in the same order
//     manifest   the rows as CSV, as in a manifest file
//     settings   prepare.json as it lay beside the manifest; 0 bytes where there was none
//     index      one entry of 64 bytes a row
//
// The index is last, so that its end is the end of the file.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/landmarks/point.h"

namespace unmask {

inline constexpr std::array<uint8_t, 8> shard_magic{0x89, 'U', 'M', 'S', 'H', '\r', '\n', 0x1a};
inline constexpr uint32_t shard_version = 2;
inline constexpr size_t shard_header_bytes = 128, shard_entry_bytes = 64, shard_alignment = 64;

// A part of the file.
struct ShardPart {
    uint64_t offset = 0, bytes = 0, checksum = 0;
};

struct ShardHeader {
    uint64_t file_bytes = 0;
    uint64_t rows = 0;
    uint32_t size = 0;  // side of the stored pixels; 0: the pictures' files as they were
    ShardPart manifest, settings, index;
};

enum class ShardEncoding : uint32_t {
    file = 1,    // the bytes of a PNG, JPEG or BMP
    pixels = 2,  // [height, width, 3], RGB
};

struct ShardEntry {
    ShardPart part;
    ShardPart landmarks{};           // in pixels of the stored picture; 0 bytes where they are not known
    uint32_t width = 0, height = 0;  // of pixels; 0 for a file
    ShardEncoding encoding = ShardEncoding::file;
};

// The header with its own checksum in its last 8 bytes.
[[nodiscard]] std::array<uint8_t, shard_header_bytes> shard_header_text(const ShardHeader& header);
[[nodiscard]] std::array<uint8_t, shard_entry_bytes> shard_entry_text(const ShardEntry& entry);

// The 68 landmarks as they are stored, and back. Error, which names the file and the row, for a coordinate
// that is not a number.
[[nodiscard]] std::vector<uint8_t> shard_landmark_text(const Landmarks& landmarks);
[[nodiscard]] Landmarks read_shard_landmarks(std::span<const uint8_t> text, std::string_view name,
                                             uint64_t row);

// The header of a file with these bytes, its parts lying within the file and the index having an entry a row.
// Error names the file, what is wrong and where.
[[nodiscard]] ShardHeader read_shard_header(std::span<const uint8_t> file, std::string_view name);
// Entry `row` of the index; checked like the header.
[[nodiscard]] ShardEntry read_shard_entry(std::span<const uint8_t> file, const ShardHeader& header,
                                          uint64_t row, std::string_view name);

}  // namespace unmask
