// SPDX-License-Identifier: Apache-2.0
#include "engine/rank_patience.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

bool asked() {
    return true;
}
bool never() {
    return false;
}

// Holds when the call was made longer ago than the first rank that is left waits after a request to stop.
std::function<bool()> after_a_second() {
    return [begin = std::chrono::steady_clock::now()] {
        return std::chrono::steady_clock::now() - begin > std::chrono::seconds(1);
    };
}

TEST(RankPatience, AsksUntilItIsDone) {
    RankPatience patience(0);
    int times = 0;
    patience.wait([&] { return ++times == 1000; }, "a call");
    EXPECT_EQ(times, 1000);
}

TEST(RankPatience, EndsWithTheTimeout) {
    RankPatience patience(3);
    patience.set_timeout(0.01);
    EXPECT_THROW(patience.wait(never, "a call"), RankLost);
    expect_error([&] { patience.wait(never, "MPI_Iallgather"); },
                 {"rank 3: another rank of this run does not answer any more (MPI_Iallgather waited"});
}

TEST(RankPatience, RankZeroGivesUpWhenItIsAskedToStopAndAnotherHasEnded) {
    RankPatience patience(0);
    patience.set_first_left([] { return true; });
    patience.set_stop_request(asked);
    EXPECT_THROW(patience.wait(never, "a call"), RankLost);
    patience.set_stop_request({});
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));
}

// All ranks are there, and a user asked: the step may take its time.
TEST(RankPatience, RankZeroWaitsWhenItIsAskedToStopAndNoneHasEnded) {
    RankPatience patience(0);
    patience.set_stop_request(asked);
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));  // it does not know
    patience.set_first_left([] { return false; });
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));
    // One may end in that time.
    patience.set_first_left([ended = after_a_second()] { return ended(); });
    EXPECT_THROW(patience.wait(never, "a call"), RankLost);
    patience.set_first_left({});
    patience.set_timeout(0.01);
    EXPECT_THROW(patience.wait(never, "a call"), RankLost);
}

TEST(RankPatience, TheNextGivesUpWhenThoseBeforeItHaveEnded) {
    RankPatience patience(1);
    patience.set_stop_request(asked);
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));  // it does not know
    patience.set_stop_request(asked);
    patience.set_first_left([] { return false; });
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));
    patience.set_stop_request(asked);
    patience.set_first_left([] { return true; });
    EXPECT_THROW(patience.wait(never, "a call"), RankLost);
}

// Those that end later have given up themselves, and said so.
TEST(RankPatience, TheNextWaitsWhenThoseBeforeItEndLater) {
    RankPatience patience(1);
    patience.set_stop_request(asked);
    int times = 0;
    patience.set_first_left([&] { return ++times > 1000; });
    EXPECT_NO_THROW(patience.wait(after_a_second(), "a call"));
    patience.set_first_left([] { return true; });
    EXPECT_NO_THROW(patience.wait(after_a_second(), "another call"));
}

}  // namespace
}  // namespace unmask
