// SPDX-License-Identifier: Apache-2.0
#include "data/ffmpeg.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace unmask::ffmpeg {
namespace {

std::string& message() {
    static thread_local std::string text;
    return text;
}

void keep_message(void*, int level, const char* format, va_list arguments) {
    if (level > AV_LOG_ERROR) return;
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    std::string line = text.data();
    while (!line.empty() && (line.back() == '\n' || line.back() == '.' || line.back() == ' '))
        line.pop_back();
    if (line.find_first_of("\n\r") == std::string::npos && !line.empty()) message() = std::move(line);
}

}  // namespace

void silence_log() {
    static const bool done = (av_log_set_callback(&keep_message), true);
    static_cast<void>(done);
}

void clear_message() {
    message().clear();
}

const std::string& last_message() {
    return message();
}

std::string describe(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return message().empty() ? std::string(text.data()) : std::string(text.data()) + " (" + message() + ")";
}

int check(int code, std::string_view file, std::string_view what) {
    if (code < 0) fail("{}: {}: {}", file, what, describe(code));
    return code;
}

}  // namespace unmask::ffmpeg
