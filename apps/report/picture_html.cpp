// SPDX-License-Identifier: Apache-2.0
#include "apps/report/picture_html.h"

#include <fmt/format.h>

#include "apps/report/html.h"
#include "data/picture.h"

namespace unmask {
namespace {

constexpr int quality = 85;

}  // namespace

std::string base64(std::span<const uint8_t> bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t bits = uint32_t(bytes[i]) << 16;
        if (count > 1) bits |= uint32_t(bytes[i + 1]) << 8;
        if (count > 2) bits |= bytes[i + 2];
        for (size_t k = 0; k < 4; ++k) text += k <= count ? digits[(bits >> (18 - 6 * k)) & 63] : '=';
    }
    return text;
}

std::string jpeg_html(std::span<const uint8_t> jpeg, int width, int height, const std::string& alt) {
    return fmt::format("<img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/jpeg;base64,{}\">", width,
                       height, html_escaped(alt), base64(jpeg));
}

std::string picture_html(const Image& image, const std::string& alt) {
    return jpeg_html(encode_jpeg(image, quality), image.width, image.height, alt);
}

}  // namespace unmask
