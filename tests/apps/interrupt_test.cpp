// SPDX-License-Identifier: Apache-2.0
#include "apps/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace unmask {
namespace {

TEST(InterruptWatch, NotesTheFirstSignalAndTakesItsRepetitionForTheSame) {
    const InterruptWatch watch;
    EXPECT_EQ(InterruptWatch::received(), 0);
    std::raise(SIGTERM);
    std::raise(SIGTERM);  // as timeout(1) does
    std::raise(SIGINT);
    EXPECT_EQ(InterruptWatch::received(), SIGTERM);
}

TEST(InterruptWatchDeath, ALaterSecondSignalEndsTheProgram) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            const InterruptWatch watch;
            std::raise(SIGINT);
            std::this_thread::sleep_for(std::chrono::milliseconds(1200));
            std::raise(SIGINT);
            std::exit(0);
        },
        testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptWatch, LeavesIgnoredSignalsIgnoredAndRestoresWhatWasThere) {
    const auto before = std::signal(SIGINT, SIG_IGN);
    {
        const InterruptWatch watch;
        std::raise(SIGINT);
        EXPECT_EQ(InterruptWatch::received(), 0);
    }
    EXPECT_EQ(std::signal(SIGINT, before), SIG_IGN);
}

}  // namespace
}  // namespace unmask
