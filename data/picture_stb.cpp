// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <memory>

#include "data/picture_decode.h"
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

Image decode_with_stb(std::span<const uint8_t> bytes, std::string_view name) {
    int width = 0, height = 0, channels = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> decoded(
        stbi_load_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels, 3),
        &stbi_image_free);
    if (!decoded)
        fail("{}: the picture is corrupt or of an unsupported kind: {}", name, stbi_failure_reason());
    Image image(width, height);
    std::memcpy(image.pixels.data(), decoded.get(), image.pixels.size());
    return image;
}

}  // namespace unmask
