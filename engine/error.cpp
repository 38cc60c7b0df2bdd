// SPDX-License-Identifier: Apache-2.0
#include "engine/error.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace unmask::detail {

void throw_formatted(fmt::string_view format, fmt::format_args arguments) {
    throw Error(fmt::vformat(format, arguments));
}

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
    std::abort();
}

}  // namespace unmask::detail
