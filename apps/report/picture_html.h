// SPDX-License-Identifier: Apache-2.0
// Pictures inside a page.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/image.h"

namespace unmask {

// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::span<const uint8_t> bytes);

// <img> with the JPEG in it and its size, so that nothing jumps while the page loads. `alt` is escaped here.
[[nodiscard]] std::string jpeg_html(std::span<const uint8_t> jpeg, int width, int height,
                                    const std::string& alt);
// The same of a picture.
[[nodiscard]] std::string picture_html(const Image& image, const std::string& alt);

}  // namespace unmask
