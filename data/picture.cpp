// SPDX-License-Identifier: Apache-2.0
#include "data/picture.h"

#include <string>

#include "data/orientation.h"
#include "data/picture_decode.h"
#include "data/picture_header.h"
#include "engine/error.h"

namespace unmask {
namespace {

const char* unsupported_format(FileMagic magic) {
    switch (magic) {
        case FileMagic::gif:
            return "GIF";
        case FileMagic::webp:
            return "WebP";
        case FileMagic::heif:
            return "HEIF or AVIF";
        case FileMagic::tiff:
            return "TIFF";
        case FileMagic::video:
            return "video";
        default:
            return nullptr;
    }
}

void check_header(const PictureHeader& header, std::string_view name) {
    if (!is_picture(header.format)) {
        if (const char* format = unsupported_format(header.format))
            fail("{}: expected a PNG, JPEG or BMP picture, found a {} file", name, format);
        fail("{}: not a picture (expected PNG, JPEG or BMP)", name);
    }
    // A BMP's width may be negative.
    const bool has_size = header.width > 0 && header.height > 0;
    if (has_size && header.height > max_picture_pixels / header.width)
        fail("{}: the picture is too large: {} x {} pixels, expected at most {} in all", name, header.width,
             header.height, max_picture_pixels);
    if (const int64_t bytes = has_size ? header.width * header.height * header.bytes_per_pixel : 0;
        bytes > max_decoded_bytes)
        fail("{}: the picture is too large: {} x {} pixels need {} bytes, expected at most {}", name,
             header.width, header.height, bytes, max_decoded_bytes);
    if (!header.problem.empty()) fail("{}: the picture is {}", name, header.problem);
    if (!has_size)
        fail("{}: the picture is corrupt: its size is {} x {} pixels", name, header.width, header.height);
}

}  // namespace

Image read_picture_from_memory(std::span<const uint8_t> bytes, std::string_view name) {
    if (bytes.empty()) fail("{}: the picture is empty (0 bytes)", name);
    if (bytes.size() > max_picture_bytes)
        fail("{}: expected at most {} bytes, found {}", name, max_picture_bytes, bytes.size());
    const PictureHeader header = read_picture_header(bytes);
    check_header(header, name);
    Image image = header.format == FileMagic::jpeg ? decode_jpeg(bytes, header, name)
                                                   : decode_with_stb(bytes, header, name);
    return oriented(std::move(image), header.orientation);
}

Image read_picture(const std::filesystem::path& path) {
    const FileMagic magic = file_magic(path);
    if (!is_picture(magic)) {
        // Said from the first bytes alone: a wrong file may be huge.
        check_readable_file(path);
        check_header(PictureHeader{magic}, path.string());
    }
    return read_picture_from_memory(read_file(path, max_picture_bytes), path.string());
}

}  // namespace unmask
