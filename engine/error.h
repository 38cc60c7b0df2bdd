// SPDX-License-Identifier: Apache-2.0
// Errors: a user's mistake throws Error with what was expected, what was found and where; a broken invariant
// is an assertion that ends the program with its place.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace unmask {

// What a caller did wrong, in one line meant for people: expected, found, where.
class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The device has no more memory.
class OutOfMemory : public Error {
  public:
    using Error::Error;
};

namespace detail {
[[noreturn]] void throw_formatted(fmt::string_view format, fmt::format_args arguments);
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace detail

// Throws Error with the formatted text.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
    detail::throw_formatted(format, fmt::make_format_args(args...));
}

}  // namespace unmask

// A bug in this program when it does not hold; active in every build type.
#define UNMASK_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::unmask::detail::assertion_failed(#condition, __FILE__, __LINE__))
