// SPDX-License-Identifier: Apache-2.0
// A page of HTML taken apart, to compare it with one whose numbers and pictures are almost the same.
#pragma once

#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "data/picture.h"

namespace unmask {

struct PageParts {
    std::string words;            // the page without the other parts
    std::vector<double> numbers;  // those with a fraction
    std::vector<Image> pictures;  // the JPEGs in it
};

// RFC 4648, up to the padding.
inline std::vector<uint8_t> from_base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<uint8_t> bytes;
    uint32_t bits = 0;
    int count = 0;  // of the bits that are in no byte yet
    for (const char letter : text) {
        const size_t digit = digits.find(letter);
        if (digit == std::string_view::npos) break;
        bits = bits << 6 | uint32_t(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(uint8_t(bits >> count));
    }
    return bytes;
}

inline PageParts parts_of(const std::string& page) {
    PageParts parts;
    const std::string begin = "data:image/jpeg;base64,";
    std::string text;
    size_t from = 0;
    for (size_t at = page.find(begin); at != std::string::npos; at = page.find(begin, from)) {
        const size_t first = at + begin.size(), end = page.find('"', first);
        parts.pictures.push_back(
            read_picture_from_memory(from_base64(std::string_view(page).substr(first, end - first))));
        text += page.substr(from, first - from);
        from = end;
    }
    text += page.substr(from);
    const std::regex number("[0-9]+[.][0-9]+");
    for (std::sregex_iterator found(text.begin(), text.end(), number), end; found != end; ++found)
        parts.numbers.push_back(std::stod(found->str()));
    parts.words = std::regex_replace(text, number, "#");
    return parts;
}

}  // namespace unmask
