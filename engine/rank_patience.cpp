// SPDX-License-Identifier: Apache-2.0
#include "engine/rank_patience.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace unmask {
namespace {

constexpr double grace_seconds = 0.5;
// The ranks before this one that end later than this have given up themselves, and said so.
constexpr double ended_before_seconds = 0.25;

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void RankPatience::set_timeout(double seconds) {
    const std::lock_guard lock(mutex_);
    timeout_ = seconds;
}

void RankPatience::set_stop_request(std::function<bool()> asked) {
    const std::lock_guard lock(mutex_);
    asked_ = std::move(asked);
    asked_since_.reset();
    first_left_ = false;
}

void RankPatience::set_first_left(std::function<bool()> first_left) {
    const std::lock_guard lock(mutex_);
    is_first_left_ = std::move(first_left);
}

bool RankPatience::gives_up(Clock::time_point begin) {
    const std::lock_guard lock(mutex_);
    if (seconds_since(begin) > timeout_) return true;
    if (!asked_ || !asked_()) return false;
    if (!asked_since_) asked_since_ = Clock::now();
    if (!first_left_ && (rank_ == 0 || seconds_since(*asked_since_) < ended_before_seconds))
        first_left_ = is_first_left_ && is_first_left_();
    return first_left_ && seconds_since(std::max(begin, *asked_since_)) > grace_seconds;
}

void RankPatience::check(Clock::time_point begin, const char* call) {
    if (gives_up(begin))
        throw RankLost(
            fmt::format("rank {}: another rank of this run does not answer any more ({} waited {:.1f} s)",
                        rank_, call, seconds_since(begin)));
}

void RankPatience::wait(const std::function<bool()>& done, const char* call) {
    const Clock::time_point begin = Clock::now();
    for (int tries = 0; !done(); ++tries) {
        if (tries < 200) {
            std::this_thread::yield();
            continue;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        if (tries % 64 == 0) check(begin, call);  // about every 5 ms
    }
}

}  // namespace unmask
