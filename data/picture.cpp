// SPDX-License-Identifier: Apache-2.0
#include "data/picture.h"

#include <cstring>
#include <memory>
#include <string>

#include "data/orientation.h"
#include "data/picture_header.h"
#include "engine/error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace unmask {
namespace {

constexpr uintmax_t max_picture_bytes = uintmax_t{1} << 30;

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
    // Sizes have at most 32 bits, so that the product cannot overflow.
    if (header.width > 0 && header.height > max_picture_pixels / header.width)
        fail("{}: the picture is too large: {} x {} pixels, expected at most {} in all", name, header.width,
             header.height, max_picture_pixels);
    if (const int64_t bytes = header.width * header.height * header.bytes_per_pixel;
        bytes > max_decoded_bytes)
        fail("{}: the picture is too large: {} x {} pixels need {} bytes, expected at most {}", name,
             header.width, header.height, bytes, max_decoded_bytes);
    if (!header.problem.empty()) fail("{}: the picture is {}", name, header.problem);
    if (header.width <= 0 || header.height <= 0)
        fail("{}: the picture is corrupt: its size is {} x {} pixels", name, header.width, header.height);
}

}  // namespace

Image read_picture_from_memory(std::span<const uint8_t> bytes, std::string_view name) {
    if (bytes.empty()) fail("{}: the picture is empty (0 bytes)", name);
    if (bytes.size() > max_picture_bytes)
        fail("{}: expected at most {} bytes, found {}", name, max_picture_bytes, bytes.size());
    const PictureHeader header = read_picture_header(bytes);
    check_header(header, name);
    int width = 0, height = 0, channels = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
        stbi_load_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels, 3),
        &stbi_image_free);
    if (!decoded)
        fail("{}: the picture is corrupt or of an unsupported kind: {}", name, stbi_failure_reason());
    Image image(width, height);
    std::memcpy(image.pixels.data(), decoded.get(), image.pixels.size());
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
