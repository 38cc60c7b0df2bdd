// SPDX-License-Identifier: Apache-2.0
// What the program says beside its results: notices, warnings and the state of long steps, all on stderr.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace unmask {

// "trace", "debug", "info", "warning", "error" or "off" (Error lists them); quiet switches progress and
// notices off.
void set_up_console(std::string_view log_level, bool quiet);

namespace detail {
enum class LogLevel { debug, info, warning, error };
void log_formatted(LogLevel level, fmt::string_view format, fmt::format_args arguments);
}  // namespace detail

// Details, only with --log-level debug.
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
    detail::log_formatted(detail::LogLevel::debug, format, fmt::make_format_args(args...));
}
// What a user should know.
template <class... Args>
void log_notice(fmt::format_string<Args...> format, Args&&... args) {
    detail::log_formatted(detail::LogLevel::info, format, fmt::make_format_args(args...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
    detail::log_formatted(detail::LogLevel::warning, format, fmt::make_format_args(args...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
    detail::log_formatted(detail::LogLevel::error, format, fmt::make_format_args(args...));
}

}  // namespace unmask
