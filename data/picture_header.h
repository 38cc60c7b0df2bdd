// SPDX-License-Identifier: Apache-2.0
// What the structure of a PNG, JPEG or BMP file says before any pixel is decoded. The decoder behind
// read_picture fills what a truncated file lacks with grey or black and ignores checksums; this check comes
// first and does not.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/file_magic.h"

namespace unmask {

struct PictureHeader {
    FileMagic format = FileMagic::unknown;
    int64_t width = 0, height = 0;  // as stored; 0 when the header does not get that far
    int bytes_per_pixel = 3;        // while decoded: channels, at least 3, by bytes per channel
    int orientation = 1;            // EXIF, see orientation.h
    std::string problem;            // "truncated …" or "corrupt …" when the structure is not sound
};

// Walks through the whole file: PNG chunks with their checksums, JPEG segments to the end marker, BMP sizes.
// Reads only `bytes` and allocates nothing that depends on the picture's size.
[[nodiscard]] PictureHeader read_picture_header(std::span<const uint8_t> bytes);

}  // namespace unmask
