// SPDX-License-Identifier: Apache-2.0
// JPEG in a build without libjpeg-turbo.
#include "data/picture_decode.h"

namespace unmask {

Image decode_jpeg(std::span<const uint8_t> bytes, const PictureHeader& header, std::string_view name) {
    return decode_with_stb(bytes, header, name);
}

const char* jpeg_decoder() {
    return "stb_image";
}

}  // namespace unmask
