// SPDX-License-Identifier: Apache-2.0
// A number with its noun, for messages.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace unmask {

// "1 file", "2 files".
template <class Number>
[[nodiscard]] std::string counted(Number number, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace unmask
