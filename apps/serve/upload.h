// SPDX-License-Identifier: Apache-2.0
// A file that is being sent: into a private file, within limits, gone at the end whatever happened.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string_view>

#include "apps/private_file.h"

namespace unmask {

class UploadedFile {
  public:
    using Clock = std::chrono::steady_clock;
    // Error as PrivateFile.
    UploadedFile(int64_t most_bytes, Clock::time_point deadline);

    enum class State : uint8_t { good, too_large, too_late, not_written };
    // Appends; false, and nothing more is taken, once a limit is passed or the disk is full.
    bool add(std::string_view bytes);
    // So many bytes came beside the file, such as another field of its form: not kept, but they count against
    // the size, but for form_bytes, and against the time. False as for add.
    bool pass_over(int64_t bytes);
    static constexpr int64_t form_bytes = 64 << 10;
    // After the last bytes; the state tells whether the file is whole.
    State finish();

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] int64_t bytes() const { return bytes_; }
    [[nodiscard]] const std::filesystem::path& path() const { return kept_.path(); }

  private:
    // Whether the limits are kept; else the state says which is not.
    bool within_limits();

    PrivateFile kept_;
    std::ofstream file_;
    int64_t most_bytes_, bytes_ = 0, passed_over_ = 0;
    Clock::time_point deadline_;
    State state_ = State::good;
};

}  // namespace unmask
