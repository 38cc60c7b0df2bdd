// SPDX-License-Identifier: Apache-2.0
#include "data/shard/shard_format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "data/picture.h"
#include "engine/checksum.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Where the header's numbers are.
constexpr size_t version_at = 8, header_bytes_at = 12, file_bytes_at = 16, rows_at = 24, size_at = 32,
                 manifest_at = 40, settings_at = 64, index_at = 88, checksum_at = shard_header_bytes - 8;
// And an entry's.
constexpr size_t width_at = 24, height_at = 28, encoding_at = 32, landmarks_at = 40;
// Of all 68 points.
constexpr uint64_t landmark_bytes = uint64_t{landmark_count} * 2 * 8;

template <class Integer>
void put(uint8_t* to, Integer value) {
    for (size_t i = 0; i < sizeof(Integer); ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

template <class Integer>
Integer get(const uint8_t* from) {
    Integer value = 0;
    for (size_t i = 0; i < sizeof(Integer); ++i) value |= static_cast<Integer>(from[i]) << (8 * i);
    return value;
}

void put_part(uint8_t* to, const ShardPart& part) {
    put(to, part.offset);
    put(to + 8, part.bytes);
    put(to + 16, part.checksum);
}

ShardPart get_part(const uint8_t* from) {
    return {get<uint64_t>(from), get<uint64_t>(from + 8), get<uint64_t>(from + 16)};
}

void check_within(const ShardPart& part, uint64_t file_bytes, std::string_view name, std::string_view what) {
    if (part.offset < shard_header_bytes || part.offset > file_bytes || part.bytes > file_bytes - part.offset)
        fail("{}: the shard is corrupt: {} should be {} bytes at byte {}, outside the file's {} bytes", name,
             what, part.bytes, part.offset, file_bytes);
}

}  // namespace

std::array<uint8_t, shard_header_bytes> shard_header_text(const ShardHeader& header) {
    std::array<uint8_t, shard_header_bytes> text{};
    std::ranges::copy(shard_magic, text.begin());
    put(&text[version_at], shard_version);
    put(&text[header_bytes_at], static_cast<uint32_t>(shard_header_bytes));
    put(&text[file_bytes_at], header.file_bytes);
    put(&text[rows_at], header.rows);
    put(&text[size_at], header.size);
    put_part(&text[manifest_at], header.manifest);
    put_part(&text[settings_at], header.settings);
    put_part(&text[index_at], header.index);
    put(&text[checksum_at], checksum(std::span(text).first(checksum_at)));
    return text;
}

std::array<uint8_t, shard_entry_bytes> shard_entry_text(const ShardEntry& entry) {
    std::array<uint8_t, shard_entry_bytes> text{};
    put_part(text.data(), entry.part);
    put(&text[width_at], entry.width);
    put(&text[height_at], entry.height);
    put(&text[encoding_at], static_cast<uint32_t>(entry.encoding));
    put_part(&text[landmarks_at], entry.landmarks);
    return text;
}

std::vector<uint8_t> shard_landmark_text(const Landmarks& landmarks) {
    UNMASK_ASSERT(landmarks.size() == size_t{landmark_count});
    std::vector<uint8_t> text(landmark_bytes);
    uint8_t* to = text.data();
    for (const Point& point : landmarks)
        for (const double value : {point.x, point.y}) {
            put(to, std::bit_cast<uint64_t>(value));
            to += 8;
        }
    return text;
}

Landmarks read_shard_landmarks(std::span<const uint8_t> text, std::string_view name, uint64_t row) {
    UNMASK_ASSERT(text.size() == landmark_bytes);
    Landmarks landmarks(landmark_count);
    const uint8_t* from = text.data();
    for (Point& point : landmarks)
        for (double* value : {&point.x, &point.y}) {
            *value = std::bit_cast<double>(get<uint64_t>(from));
            if (!std::isfinite(*value))
                fail("{}: the shard is corrupt: a landmark of row {} is not a number", name, row + 1);
            from += 8;
        }
    return landmarks;
}

ShardHeader read_shard_header(std::span<const uint8_t> file, std::string_view name) {
    if (file.size() < shard_magic.size() || !std::equal(shard_magic.begin(), shard_magic.end(), file.begin()))
        fail("{}: not a shard of pictures (another file, or changed as text is)", name);
    if (file.size() < shard_header_bytes)
        fail("{}: the shard is truncated: expected a header of {} bytes, found {} bytes in all", name,
             shard_header_bytes, file.size());
    if (const auto version = get<uint32_t>(&file[version_at]); version != shard_version)
        fail(
            "{}: expected a shard of version {}, found version {}; pack its pictures again with \"unmask "
            "dataset "
            "pack\"",
            name, shard_version, version);
    if (get<uint64_t>(&file[checksum_at]) != checksum(file.first(checksum_at)))
        fail("{}: the shard is corrupt: the checksum of its header (bytes 0 to {}) is wrong", name,
             checksum_at - 1);
    const ShardHeader header{.file_bytes = get<uint64_t>(&file[file_bytes_at]),
                             .rows = get<uint64_t>(&file[rows_at]),
                             .size = get<uint32_t>(&file[size_at]),
                             .manifest = get_part(&file[manifest_at]),
                             .settings = get_part(&file[settings_at]),
                             .index = get_part(&file[index_at])};
    if (header.file_bytes != file.size())
        fail("{}: the shard is {}: expected {} bytes, found {}", name,
             file.size() < header.file_bytes ? "truncated" : "followed by other bytes", header.file_bytes,
             file.size());
    const std::pair<const char*, const ShardPart*> parts[] = {
        {"the manifest", &header.manifest}, {"prepare.json", &header.settings}, {"the index", &header.index}};
    for (const auto& [what, part] : parts) {
        check_within(*part, file.size(), name, what);
        if (checksum(file.subspan(part->offset, part->bytes)) != part->checksum)
            fail("{}: the shard is corrupt: the checksum of {} (byte {}, {} bytes) is wrong", name, what,
                 part->offset, part->bytes);
    }
    if (header.index.bytes % shard_entry_bytes != 0 || header.index.bytes / shard_entry_bytes != header.rows)
        fail("{}: the shard is corrupt: its index has {} bytes for {} rows, expected {} a row", name,
             header.index.bytes, header.rows, shard_entry_bytes);
    return header;
}

ShardEntry read_shard_entry(std::span<const uint8_t> file, const ShardHeader& header, uint64_t row,
                            std::string_view name) {
    UNMASK_ASSERT(row < header.rows);
    const uint8_t* text = &file[header.index.offset + row * shard_entry_bytes];
    const ShardEntry entry{.part = get_part(text),
                           .landmarks = get_part(text + landmarks_at),
                           .width = get<uint32_t>(text + width_at),
                           .height = get<uint32_t>(text + height_at),
                           .encoding = static_cast<ShardEncoding>(get<uint32_t>(text + encoding_at))};
    check_within(entry.part, file.size(), name, fmt::format("the picture of row {}", row + 1));
    if (entry.landmarks.bytes != 0) {
        check_within(entry.landmarks, file.size(), name, fmt::format("the landmarks of row {}", row + 1));
        if (entry.landmarks.bytes != landmark_bytes)
            fail("{}: the shard is corrupt: the landmarks of row {} have {} bytes, expected {}", name,
                 row + 1, entry.landmarks.bytes, landmark_bytes);
    }
    if (entry.encoding == ShardEncoding::pixels) {
        // The product of two 32-bit numbers fits, that by three may not.
        const uint64_t area = uint64_t{entry.width} * entry.height;
        if (area == 0 || area > static_cast<uint64_t>(max_picture_pixels) || entry.part.bytes != area * 3)
            fail("{}: the shard is corrupt: the picture of row {} has {} bytes for {} x {} pixels", name,
                 row + 1, entry.part.bytes, entry.width, entry.height);
    } else if (entry.encoding != ShardEncoding::file) {
        fail("{}: the shard is corrupt: the picture of row {} has the unknown encoding {}", name, row + 1,
             static_cast<uint32_t>(entry.encoding));
    }
    return entry;
}

}  // namespace unmask
