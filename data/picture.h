// SPDX-License-Identifier: Apache-2.0
// Picture files: reading PNG, JPEG and BMP, writing PNG and JPEG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace unmask {

// A picture with more pixels than this is refused from its header, before anything is allocated for it.
inline constexpr int64_t max_picture_pixels = 200'000'000;

// And a file with more bytes.
inline constexpr uintmax_t max_picture_bytes = uintmax_t{1} << 30;

// And one that needs more bytes than this while it is decoded.
inline constexpr int64_t max_decoded_bytes = int64_t{512} << 20;

// The picture as 8-bit RGB; grey is repeated, transparency dropped, 16 bits reduced to 8, a JPEG's EXIF
// orientation applied. The content decides on the format, not the file's name. Error names the file and what
// is wrong with it: no such file, no bytes, not a picture, an unsupported format, too large, truncated,
// corrupt.
[[nodiscard]] Image read_picture(const std::filesystem::path& path);

// The same from bytes in memory; `name` stands for the file in error messages.
[[nodiscard]] Image read_picture_from_memory(std::span<const uint8_t> bytes,
                                             std::string_view name = "picture");

// Whether the file's first bytes are those of a PNG, JPEG or BMP; false for a file that cannot be read.
[[nodiscard]] bool looks_like_picture(const std::filesystem::path& path);

// The image as the bytes of a PNG (lossless), or of a baseline JPEG with quality 1 (smallest) to 100 (4:2:0
// chroma up to quality 90, 4:4:4 above). Error for an empty image or a quality outside the range.
[[nodiscard]] std::vector<uint8_t> encode_png(const Image& image);
[[nodiscard]] std::vector<uint8_t> encode_jpeg(const Image& image, int quality);

// Writes the file atomically; the folder must exist.
void write_png(const std::filesystem::path& path, const Image& image);
void write_jpeg(const std::filesystem::path& path, const Image& image, int quality);

}  // namespace unmask
