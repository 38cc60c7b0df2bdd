// SPDX-License-Identifier: Apache-2.0
#include "data/picture_header.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

namespace unmask {
namespace {

using Bytes = std::span<const uint8_t>;

uint32_t big16(Bytes b, size_t at) {
    return uint32_t{b[at]} << 8 | b[at + 1];
}
uint32_t big32(Bytes b, size_t at) {
    return big16(b, at) << 16 | big16(b, at + 2);
}
uint32_t little16(Bytes b, size_t at) {
    return uint32_t{b[at + 1]} << 8 | b[at];
}
uint32_t little32(Bytes b, size_t at) {
    return little16(b, at + 2) << 16 | little16(b, at);
}

// CRC-32 with the reflected polynomial 0xEDB88320 (PNG specification, annex D).
uint32_t crc32(Bytes bytes) {
    static const auto table = [] {
        std::array<uint32_t, 256> entries{};
        for (uint32_t i = 0; i < 256; ++i) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0u);
            entries[i] = value;
        }
        return entries;
    }();
    uint32_t value = 0xFFFFFFFFu;
    for (uint8_t byte : bytes) value = table[(value ^ byte) & 0xFF] ^ (value >> 8);
    return ~value;
}

// Bytes of the filtered scanlines that IDAT holds in compressed form.
int64_t png_data_size(Bytes b, const PictureHeader& header) {
    static constexpr std::array<int, 7> channels{1, 0, 3, 1, 2, 0, 4};  // by colour type
    const int depth = b[24], type = b[25] < 7 ? channels[b[25]] : 0;
    return header.height * (1 + (header.width * type * depth + 7) / 8);
}

// length, type, data, CRC of type and data; IHDR first, IEND last.
void walk_png(Bytes b, PictureHeader& header) {
    size_t at = 8;
    int64_t compressed = 0;
    while (true) {
        if (b.size() < at + 12) {
            header.problem =
                fmt::format("truncated: the file ends at byte {} before its last chunk", b.size());
            return;
        }
        const size_t length = big32(b, at);
        const std::string type(reinterpret_cast<const char*>(&b[at + 4]), 4);
        if (b.size() - at - 12 < length) {
            header.problem = fmt::format("truncated: chunk {} should have {} bytes, found {}", type, length,
                                         b.size() - at - 8);
            return;
        }
        if (at == 8) {
            if (type != "IHDR" || length != 13) {
                header.problem = "corrupt: expected chunk IHDR of 13 bytes first";
                return;
            }
            header.width = big32(b, 16);
            header.height = big32(b, 20);
            const bool transparent = b[25] == 6;
            header.bytes_per_pixel = (transparent ? 4 : 3) * (b[24] == 16 ? 2 : 1);
        }
        if (crc32(b.subspan(at + 4, length + 4)) != big32(b, at + 8 + length)) {
            header.problem = fmt::format("corrupt: the checksum of chunk {} at byte {} is wrong", type, at);
            return;
        }
        if (type == "IDAT") compressed += int64_t(length);
        at += length + 12;
        if (type == "IEND") break;
    }
    // Deflate never needs much more than the data itself; far more would only serve to fill the memory.
    if (const int64_t raw = png_data_size(b, header); compressed > raw + raw / 8 + 65536)
        header.problem =
            fmt::format("corrupt: {} bytes of compressed data for {} bytes of pixels", compressed, raw);
}

// Tag 0x0112 of the first image directory of an EXIF segment, else 1. `b` starts at the TIFF header.
int exif_orientation(Bytes b) {
    if (b.size() < 8) return 1;
    const bool little = b[0] == 'I';
    const auto read16 = [&](size_t at) { return little ? little16(b, at) : big16(b, at); };
    const auto read32 = [&](size_t at) { return little ? little32(b, at) : big32(b, at); };
    const size_t directory = read32(4);
    if (directory > b.size() || b.size() - directory < 2) return 1;
    const size_t entries = read16(directory);
    for (size_t i = 0; i < entries; ++i) {
        const size_t entry = directory + 2 + i * 12;
        if (b.size() < entry + 12) return 1;
        if (read16(entry) == 0x0112) return int(read16(entry + 8));
    }
    return 1;
}

// The position of the next marker that is not part of entropy-coded data: 0xFF followed by neither 0 (a
// stuffed byte), nor a restart marker, nor another 0xFF (padding).
size_t end_of_scan(Bytes b, size_t at) {
    for (; at + 1 < b.size(); ++at)
        if (b[at] == 0xFF && b[at + 1] != 0 && b[at + 1] != 0xFF && (b[at + 1] & 0xF8) != 0xD0) return at;
    return b.size();
}

// 0xFF, marker, length (with itself), data; entropy-coded data after each SOS; EOI last.
void walk_jpeg(Bytes b, PictureHeader& header) {
    constexpr uint8_t eoi = 0xD9, sos = 0xDA, app1 = 0xE1, temporary = 0x01;
    size_t at = 2;
    bool scanned = false;
    while (true) {
        while (at + 1 < b.size() && b[at] == 0xFF && b[at + 1] == 0xFF) ++at;
        if (at + 1 >= b.size()) break;
        if (b[at] != 0xFF) {
            header.problem = fmt::format("corrupt: expected a marker at byte {}, found {:#04x}", at, b[at]);
            return;
        }
        const uint8_t marker = b[at + 1];
        at += 2;
        if (marker == eoi) {
            if (!scanned) header.problem = "corrupt: it ends before any picture data";
            return;
        }
        if (marker == temporary || (marker & 0xF8) == 0xD0) continue;
        if (at + 2 > b.size()) break;
        const size_t length = big16(b, at);
        if (length < 2) {
            header.problem = fmt::format("corrupt: a segment of {} bytes at byte {}", length, at);
            return;
        }
        if (b.size() - at < length) break;
        const Bytes segment = b.subspan(at + 2, length - 2);
        const bool frame_start =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame_start && segment.size() >= 5) {
            header.height = big16(segment, 1);
            header.width = big16(segment, 3);
            const int channels = segment.size() > 5 && segment[5] == 4 ? 4 : 3;
            header.bytes_per_pixel = channels * (marker == 0xC2 ? 2 : 1);  // progressive: 16-bit coefficients
        }
        if (marker == app1 && segment.size() > 6 && std::memcmp(segment.data(), "Exif\0\0", 6) == 0)
            header.orientation = exif_orientation(segment.subspan(6));
        at += length;
        if (marker == sos) {
            scanned = true;
            at = end_of_scan(b, at);
        }
    }
    header.problem = fmt::format("truncated: the file ends at byte {} without an end marker", b.size());
}

void walk_bmp(Bytes b, PictureHeader& header) {
    const size_t header_size = little32(b, 14);
    if (b.size() < 14 + header_size) {
        header.problem = "truncated: the file ends within its header";
        return;
    }
    const bool old = header_size == 12;
    header.width = old ? little16(b, 18) : int32_t(little32(b, 18));
    header.height = old ? little16(b, 20) : int32_t(little32(b, 22));
    if (header.height < 0) header.height = -header.height;  // rows from top to bottom
    if (header.width <= 0 || header.height == 0) {
        header.problem = fmt::format("corrupt: a size of {} x {} pixels", header.width, header.height);
        return;
    }
    const int64_t bits = little16(b, old ? 24 : 28);
    const uint32_t compression = old ? 0 : little32(b, 30);
    const int64_t needed = int64_t{little32(b, 10)} + (header.width * bits + 31) / 32 * 4 * header.height;
    if ((compression == 0 || compression == 3) && int64_t(b.size()) < needed)
        header.problem = fmt::format("truncated: expected {} bytes, found {}", needed, b.size());
}

}  // namespace

PictureHeader read_picture_header(std::span<const uint8_t> bytes) {
    PictureHeader header;
    header.format = file_magic(bytes);
    if (header.format == FileMagic::png) walk_png(bytes, header);
    if (header.format == FileMagic::jpeg) walk_jpeg(bytes, header);
    if (header.format == FileMagic::bmp) walk_bmp(bytes, header);
    return header;
}

}  // namespace unmask
