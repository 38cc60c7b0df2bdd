// SPDX-License-Identifier: Apache-2.0
// Limits of time.
#pragma once

#include <chrono>

namespace unmask {

// The moment that is so many seconds from now.
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_in(double seconds) {
    using Clock = std::chrono::steady_clock;
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace unmask
