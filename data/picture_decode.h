// SPDX-License-Identifier: Apache-2.0
// The decoders behind picture.h; they see files whose header was checked.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "data/image.h"
#include "data/picture_header.h"

namespace unmask {

// PNG, JPEG or BMP by stb_image. No piece of memory is larger than what a picture of the header's size takes:
// a few bytes of compressed data may stand for gigabytes. Error names the file.
[[nodiscard]] Image decode_with_stb(std::span<const uint8_t> bytes, const PictureHeader& header,
                                    std::string_view name);

// A JPEG by libjpeg-turbo, which is about half as fast again, where the build has it and where it has no
// complaint; else by stb_image, so that every build accepts the same files. The two round differently: their
// pixels differ by up to 3 levels.
[[nodiscard]] Image decode_jpeg(std::span<const uint8_t> bytes, const PictureHeader& header,
                                std::string_view name);

// "libjpeg-turbo" or "stb_image": what decode_jpeg uses, for the record of a run.
[[nodiscard]] const char* jpeg_decoder();

}  // namespace unmask
