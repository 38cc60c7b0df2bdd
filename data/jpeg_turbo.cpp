// SPDX-License-Identifier: Apache-2.0
// JPEG through libjpeg-turbo.
#include <turbojpeg.h>

#include <memory>

#include "data/picture_decode.h"

namespace unmask {

Image decode_jpeg(std::span<const uint8_t> bytes, const PictureHeader& header, std::string_view name) {
    // A new decoder for each picture: one that has seen a damaged picture decodes the next one otherwise, and
    // one that has seen any lends its tables to a file that has none.
    const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), &tjDestroy);
    const auto length = static_cast<unsigned long>(bytes.size());
    int width = 0, height = 0, subsampling = 0, colours = 0;
    if (decoder &&
        tjDecompressHeader3(decoder.get(), bytes.data(), length, &width, &height, &subsampling, &colours) ==
            0 &&
        width == header.width && height == header.height && colours != TJCS_CMYK && colours != TJCS_YCCK) {
        Image image(width, height);
        if (tjDecompress2(decoder.get(), bytes.data(), length, image.pixels.data(), width, 0, height,
                          TJPF_RGB, 0) == 0)
            return image;
    }
    return decode_with_stb(bytes, header, name);
}

const char* jpeg_decoder() {
    return "libjpeg-turbo";
}

}  // namespace unmask
