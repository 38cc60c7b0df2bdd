// SPDX-License-Identifier: Apache-2.0
// The state of a long step: how far it is, how fast, and how long it will still take.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace unmask {

// Where progress is shown. On a terminal one line is drawn over and over; elsewhere a plain line appears now
// and then.
struct ProgressOutput {
    std::function<void(std::string_view)> write;  // empty: nothing is shown
    bool terminal = false;
    int columns = 0;                  // of the terminal, longer lines are cut; 0: unknown
    std::function<double()> seconds;  // a clock
};

// stderr as set up by set_up_console.
[[nodiscard]] ProgressOutput console_progress();

// One long step.
class Progress {
  public:
    // total 0: unknown. unit names what is counted, as in "12.3 images/s".
    Progress(std::string title, int64_t total, std::string unit, ProgressOutput output = console_progress());
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Once the total is known.
    void set_total(int64_t total) { total_ = total; }
    // The note follows the figures, such as the current loss.
    void update(int64_t done, std::string_view note = {});
    // Removes the line from the terminal; elsewhere states the whole step's rate when it took long enough to
    // be shown.
    void finish();

    // The line as it would be drawn.
    [[nodiscard]] std::string line() const;

  private:
    [[nodiscard]] double elapsed() const { return output_.seconds() - begin_; }

    std::string title_, unit_, note_;
    int64_t total_, done_ = 0;
    ProgressOutput output_;
    double begin_, shown_;
    bool drawn_ = false, finished_ = false;
};

// "0:07", "12:34", "1:02:03".
[[nodiscard]] std::string clock_text(double seconds);
// "8.1 MiB".
[[nodiscard]] std::string bytes_text(int64_t bytes);

}  // namespace unmask
