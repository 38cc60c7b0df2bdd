// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/checksums.h"

#include <algorithm>
#include <cstring>

#include "data/shard/shard_format.h"
#include "engine/checksum.h"
#include "models/exchange/crc32.h"
#include "models/exchange/zip_format.h"

namespace unmask::fuzz {
namespace {

constexpr size_t png_signature = 8;
// Of a shard's header: where its parts and its own checksum are.
constexpr size_t manifest_part = 40, settings_part = 64, index_part = 88;
constexpr size_t header_checksum = shard_header_bytes - 8;
// And of an entry of the index.
constexpr size_t picture_part = 0, landmarks_part = 40;

template <class Number = uint64_t>
Number number_at(const std::vector<uint8_t>& file, size_t place) {
    Number number{};
    std::memcpy(&number, file.data() + place, sizeof number);
    return number;
}

template <class Number>
void put(std::vector<uint8_t>& file, size_t place, Number number) {
    std::memcpy(file.data() + place, &number, sizeof number);
}

// A part is offset, bytes, checksum.
void repair_part(std::vector<uint8_t>& file, size_t place) {
    const uint64_t offset = number_at(file, place), bytes = number_at(file, place + 8);
    if (offset > file.size() || bytes > file.size() - offset) return;
    put(file, place + 16, checksum(std::span<const uint8_t>{file.data() + offset, bytes}));
}

uint32_t crc32(std::span<const uint8_t> bytes) {
    Crc32 checksum;
    checksum.add(bytes.data(), bytes.size());
    return checksum.value();
}

}  // namespace

std::vector<uint8_t> with_shard_checksums(std::span<const uint8_t> bytes) {
    std::vector<uint8_t> file(bytes.begin(), bytes.end());
    if (file.size() < shard_header_bytes) return file;
    const uint64_t begin = number_at(file, index_part), length = number_at(file, index_part + 8);
    if (begin <= file.size() && length <= file.size() - begin)
        for (uint64_t entry = 0; entry + shard_entry_bytes <= length; entry += shard_entry_bytes)
            for (const size_t part : {picture_part, landmarks_part}) repair_part(file, begin + entry + part);
    for (const size_t part : {manifest_part, settings_part, index_part}) repair_part(file, part);
    put(file, header_checksum, checksum(std::span<const uint8_t>{file.data(), header_checksum}));
    return file;
}

std::vector<uint8_t> with_png_checksums(std::span<const uint8_t> bytes) {
    std::vector<uint8_t> file(bytes.begin(), bytes.end());
    if (file.size() < png_signature || file[0] != 0x89) return file;
    for (size_t chunk = png_signature; file.size() - chunk >= 12;) {
        const size_t length = size_t{file[chunk]} << 24 | size_t{file[chunk + 1]} << 16 |
                              size_t{file[chunk + 2]} << 8 | file[chunk + 3];
        if (length > file.size() - chunk - 12) break;
        const uint32_t crc = crc32({file.data() + chunk + 4, length + 4});
        for (size_t i = 0; i < 4; ++i) file[chunk + 8 + length + i] = uint8_t(crc >> (24 - 8 * i));
        chunk += length + 12;
    }
    return file;
}

std::vector<uint8_t> with_zip_checksums(std::span<const uint8_t> bytes) {
    std::vector<uint8_t> file(bytes.begin(), bytes.end());
    for (size_t place = 0; place + zip::central_bytes <= file.size(); ++place) {
        if (number_at<uint32_t>(file, place) != zip::central_signature) continue;
        const uint64_t length = number_at<uint32_t>(file, place + 24),
                       header = number_at<uint32_t>(file, place + 42);
        if (header > file.size() || file.size() - header < zip::local_bytes) continue;
        const uint64_t data = header + zip::local_bytes + number_at<uint16_t>(file, header + 26) +
                              number_at<uint16_t>(file, header + 28);
        if (data <= file.size() && length <= file.size() - data)
            put(file, place + 16, crc32({file.data() + data, length}));
    }
    return file;
}

}  // namespace unmask::fuzz
