// SPDX-License-Identifier: Apache-2.0
// The progress line: "train 3/20 [=====>    ]  45% 120/266 images  38.2 images/s  0:04 left  loss 0.53".
#include "apps/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace unmask {
namespace {

constexpr double redraw_seconds = 0.1;  // on a terminal
constexpr double line_seconds = 15;     // elsewhere
constexpr int bar_width = 24;

std::string bar(double share) {
    const int filled = int(std::floor(std::clamp(share, 0.0, 1.0) * bar_width));
    std::string text(size_t(filled), '=');
    if (filled < bar_width) text += '>';
    text.resize(bar_width, ' ');
    return text;
}

}  // namespace

std::string clock_text(double seconds) {
    const auto whole = int64_t(std::llround(std::max(0.0, seconds)));
    const int64_t hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
    return fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string bytes_text(int64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
    double value = double(bytes);
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

Progress::Progress(std::string title, int64_t total, std::string unit, ProgressOutput output)
    : title_(std::move(title)), unit_(std::move(unit)), total_(total), output_(std::move(output)) {
    begin_ = shown_ = output_.seconds();
}

Progress::~Progress() {
    finish();
}

std::string Progress::line() const {
    const double seconds = elapsed();
    const double rate = seconds > 0 ? double(done_) / seconds : 0;
    std::string text = title_;
    if (total_ > 0) {
        const double share = double(done_) / double(total_);
        if (output_.terminal) text += fmt::format(" [{}]", bar(share));
        text += fmt::format(" {:3.0f}% {}/{} {}", std::floor(100 * share), done_, total_, unit_);
    } else {
        text += fmt::format(" {} {}", done_, unit_);
    }
    if (rate > 0) text += fmt::format("  {:.{}f} {}/s", rate, rate < 10 ? 2 : 1, unit_);
    if (rate > 0 && total_ > done_)
        text += fmt::format("  {} left", clock_text(double(total_ - done_) / rate));
    if (!note_.empty()) text += "  " + note_;
    if (output_.columns > 1 && text.size() >= size_t(output_.columns))
        text.resize(size_t(output_.columns) - 1);
    return text;
}

void Progress::update(int64_t done, std::string_view note) {
    done_ = done;
    note_ = note;
    if (!output_.write || finished_) return;
    const double now = output_.seconds();
    if (now - shown_ < (output_.terminal ? redraw_seconds : line_seconds)) return;
    shown_ = now;
    drawn_ = true;
    output_.write(output_.terminal ? "\r" + line() + "\x1b[K" : line() + "\n");
}

void Progress::finish() {
    if (std::exchange(finished_, true) || !drawn_) return;
    output_.write(output_.terminal ? std::string("\r\x1b[K") : line() + "\n");
}

}  // namespace unmask
