// SPDX-License-Identifier: Apache-2.0
#include "engine/error.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace unmask::detail {
namespace {

// With control characters written as in C: names and values out of files may hold any.
std::string in_one_line(const std::string& text) {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            line += "\\n";
        else if (byte < 0x20 || byte == 0x7f)
            line += fmt::format("\\x{:02x}", byte);
        else
            line += c;
    }
    return line;
}

}  // namespace

void throw_formatted(fmt::string_view format, fmt::format_args arguments) {
    throw Error(in_one_line(fmt::vformat(format, arguments)));
}

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    std::abort();
}

}  // namespace unmask::detail
