// SPDX-License-Identifier: Apache-2.0
// The writing half of picture.h.
#include <string_view>

#include "data/picture.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>
#pragma GCC diagnostic pop

namespace unmask {
namespace {

void append(void* context, void* data, int size) {
    auto& bytes = *static_cast<std::vector<uint8_t>*>(context);
    const auto* start = static_cast<const uint8_t*>(data);
    bytes.insert(bytes.end(), start, start + size);
}

void check_image(const Image& image) {
    if (image.empty()) fail("a picture to be written is empty");
    UNMASK_ASSERT(image.pixels.size() == size_t(image.width) * size_t(image.height) * 3);
}

void write_bytes(const std::filesystem::path& path, const std::vector<uint8_t>& bytes) {
    write_file_atomically(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

}  // namespace

std::vector<uint8_t> encode_png(const Image& image) {
    check_image(image);
    std::vector<uint8_t> bytes;
    if (!stbi_write_png_to_func(append, &bytes, image.width, image.height, 3, image.pixels.data(),
                                image.width * 3))
        fail("a picture of {} x {} pixels cannot be written as PNG", image.width, image.height);
    return bytes;
}

std::vector<uint8_t> encode_jpeg(const Image& image, int quality) {
    check_image(image);
    if (quality < 1 || quality > 100) fail("JPEG quality: expected 1 to 100, found {}", quality);
    if (image.width > 65535 || image.height > 65535)
        fail("JPEG: expected at most 65535 pixels a side, found {} x {}", image.width, image.height);
    std::vector<uint8_t> bytes;
    if (!stbi_write_jpg_to_func(append, &bytes, image.width, image.height, 3, image.pixels.data(), quality))
        fail("a picture of {} x {} pixels cannot be written as JPEG", image.width, image.height);
    return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) {
    write_bytes(path, encode_png(image));
}

void write_jpeg(const std::filesystem::path& path, const Image& image, int quality) {
    write_bytes(path, encode_jpeg(image, quality));
}

}  // namespace unmask
