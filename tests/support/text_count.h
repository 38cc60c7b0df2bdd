// SPDX-License-Identifier: Apache-2.0
// How often a text holds a part.
#pragma once

#include <cstddef>
#include <string>

namespace unmask {

inline size_t count_of(const std::string& part, const std::string& text) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

}  // namespace unmask
