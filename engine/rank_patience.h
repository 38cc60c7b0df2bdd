// SPDX-License-Identifier: Apache-2.0
// How long a rank waits for the others of its run, and when it takes one of them for lost.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "engine/error.h"

namespace unmask {

// Another rank ended, or does not answer any more.
class RankLost : public Error {
  public:
    using Error::Error;
};

// May be used by several threads.
class RankPatience {
  public:
    explicit RankPatience(int rank) : rank_(rank) {}
    RankPatience(const RankPatience&) = delete;
    RankPatience& operator=(const RankPatience&) = delete;

    // Seconds that one wait lasts at most; half an hour unless this is called.
    void set_timeout(double seconds);
    // The launcher asks the ranks that are left to stop when one is lost. While `asked` holds, the first rank
    // that is left waits half a second longer for the others and gives up then; the others, which it lets
    // wait while it writes, go on waiting. Where none is lost, a user asks, and all finish their step first,
    // however long it takes.
    void set_stop_request(std::function<bool()> asked);
    // Whether another rank is seen to have ended and this one is the first that is left: all ranks before it
    // have ended. Without it no rank ever is.
    void set_first_left(std::function<bool()> first_left);

    // Asks again and again, with short sleeps, until `done` holds. RankLost names `call`.
    void wait(const std::function<bool()>& done, const char* call);

    using Clock = std::chrono::steady_clock;
    // For a wait of one's own that began then: RankLost where it is over.
    void check(Clock::time_point begin, const char* call);

  private:
    [[nodiscard]] bool gives_up(Clock::time_point begin);

    int rank_;
    std::mutex mutex_;
    double timeout_ = 1800;
    std::function<bool()> asked_, is_first_left_;
    std::optional<Clock::time_point> asked_since_;  // when a wait first saw the request
    bool first_left_ = false;
};

}  // namespace unmask
