// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "data/picture_decode.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Of one piece of memory, for the picture that this thread decodes; and whether more was asked for.
thread_local size_t most_bytes = 0;
thread_local bool wanted_more = false;

bool is_within_limit(size_t bytes) {
    if (bytes <= most_bytes) return true;
    wanted_more = true;
    return false;
}

void* allocate(size_t bytes) {
    return is_within_limit(bytes) ? std::malloc(bytes) : nullptr;
}

void* reallocate(void* memory, size_t bytes) {
    return is_within_limit(bytes) ? std::realloc(memory, bytes) : nullptr;
}

}  // namespace
}  // namespace unmask

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
#define STBI_MALLOC(bytes) unmask::allocate(bytes)
#define STBI_REALLOC(memory, bytes) unmask::reallocate(memory, bytes)
#define STBI_FREE(memory) std::free(memory)
#include <stb_image.h>
#pragma GCC diagnostic pop

namespace unmask {
namespace {

// stb_image collects compressed data, and what it unpacks to, in memory that it doubles. The rows and columns
// of a JPEG are filled up to whole blocks of 32 pixels.
size_t most_bytes_of(const PictureHeader& header, size_t file_bytes) {
    constexpr size_t fixed = size_t{1} << 20, padding = 32;
    const size_t pixels = (size_t(header.width) + padding) * (size_t(header.height) + padding);
    return fixed + 2 * std::max(file_bytes, pixels * size_t(header.bytes_per_pixel));
}

}  // namespace

Image decode_with_stb(std::span<const uint8_t> bytes, const PictureHeader& header, std::string_view name) {
    most_bytes = most_bytes_of(header, bytes.size());
    wanted_more = false;
    int width = 0, height = 0, channels = 0;
    if (stbi_info_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels) != 0 &&
        (width != header.width || std::abs(height) != header.height))  // a BMP's rows may go downwards
        fail("{}: the picture is corrupt: expected {} x {} pixels as in its header, found {} x {}", name,
             header.width, header.height, width, height);
    const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
        stbi_load_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels, 3),
        &stbi_image_free);
    if (!decoded && wanted_more)
        fail("{}: the picture is corrupt: it unpacks to more than its {} x {} pixels take", name,
             header.width, header.height);
    if (!decoded)
        fail("{}: the picture is corrupt or of an unsupported kind: {}", name, stbi_failure_reason());
    Image image(width, height);
    std::memcpy(image.pixels.data(), decoded.get(), image.pixels.size());
    return image;
}

}  // namespace unmask
