// SPDX-License-Identifier: Apache-2.0
#include "apps/console.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <utility>

#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {
namespace {

bool stderr_is_terminal() {
    static const bool terminal = ::isatty(STDERR_FILENO) == 1;
    return terminal;
}

// What every message and every progress line passes through, so that they do not run into each other.
struct Stderr {
    std::mutex mutex;
    bool quiet = false;
    bool line_open = false;  // a progress line without its line feed is on the terminal

    void write(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stderr);
        std::fflush(stderr);
    }
    void message(std::string_view text) {
        const std::lock_guard lock(mutex);
        if (std::exchange(line_open, false)) write("\r\x1b[K");
        write(text);
    }
    void progress(std::string_view text) {
        const std::lock_guard lock(mutex);
        line_open = !text.empty() && text.back() != '\n' && text != "\r\x1b[K";
        write(text);
    }
};

Stderr& shared_stderr() {
    static Stderr instance;
    return instance;
}

class Sink : public spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        formatter_->format(message, text);
        shared_stderr().message({text.data(), text.size()});
    }
    void flush_() override {}
};

spdlog::logger& logger() {
    static spdlog::logger instance = [] {
        spdlog::logger made("unmask", std::make_shared<Sink>());
        made.set_pattern("unmask: %l: %v");
        return made;
    }();
    return instance;
}

}  // namespace

void set_up_console(std::string_view log_level, bool quiet) {
    constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 6> levels{{
        {"trace", spdlog::level::trace},
        {"debug", spdlog::level::debug},
        {"info", spdlog::level::info},
        {"warning", spdlog::level::warn},
        {"error", spdlog::level::err},
        {"off", spdlog::level::off},
    }};
    const auto found = std::ranges::find(levels, log_level, [](const auto& entry) { return entry.first; });
    if (found == levels.end())
        fail("--log-level expected trace, debug, info, warning, error or off, found \"{}\"", log_level);
    shared_stderr().quiet = quiet;
    logger().set_level(quiet ? std::max(found->second, spdlog::level::warn) : found->second);
}

void detail::log_formatted(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
    constexpr std::array levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                spdlog::level::err};
    const spdlog::level::level_enum target = levels[size_t(level)];
    if (logger().should_log(target)) logger().log(target, fmt::vformat(format, arguments));
}

ProgressOutput console_progress() {
    ProgressOutput output;
    if (!shared_stderr().quiet) output.write = [](std::string_view text) { shared_stderr().progress(text); };
    output.terminal = stderr_is_terminal();
    winsize window{};
    if (output.terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0) output.columns = window.ws_col;
    output.seconds = [] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    };
    return output;
}

}  // namespace unmask
