// SPDX-License-Identifier: Apache-2.0
#include "data/picture_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "data/picture_bytes.h"
#include "data/picture_header_jpeg.h"

namespace unmask {
namespace {

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

// Of two numbers that are not negative, at most 2⁶²: files may name any size.
int64_t bounded_product(int64_t a, int64_t b) {
    constexpr int64_t most = int64_t{1} << 62;
    return b != 0 && a > most / b ? most : a * b;
}

// Bytes of the filtered scanlines that IDAT holds in compressed form.
int64_t png_data_size(Bytes b, const PictureHeader& header) {
    static constexpr std::array<int, 7> channels{1, 0, 3, 1, 2, 0, 4};  // by colour type
    const int depth = b[24], type = b[25] < 7 ? channels[b[25]] : 0;
    return bounded_product(header.height, 1 + (header.width * type * depth + 7) / 8);
}

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
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
        if (!std::ranges::all_of(type, is_letter)) {
            header.problem = fmt::format("corrupt: expected a chunk's name at byte {}", at + 4);
            return;
        }
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

void walk_bmp(Bytes b, PictureHeader& header) {
    const size_t header_size = little32(b, 14);
    if (b.size() < 14 + header_size) {
        header.problem = "truncated: the file ends within its header";
        return;
    }
    const bool old = header_size == 12;
    header.width = old ? int64_t{little16(b, 18)} : int32_t(little32(b, 18));
    header.height = old ? int64_t{little16(b, 20)} : int32_t(little32(b, 22));
    if (header.height < 0) header.height = -header.height;  // rows from top to bottom
    if (header.width <= 0 || header.height == 0) {
        header.problem = fmt::format("corrupt: a size of {} x {} pixels", header.width, header.height);
        return;
    }
    const int64_t bits = little16(b, old ? 24 : 28);
    const uint32_t compression = old ? 0 : little32(b, 30);
    const int64_t needed =
        int64_t{little32(b, 10)} + bounded_product((header.width * bits + 31) / 32 * 4, header.height);
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
