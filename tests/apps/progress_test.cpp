// SPDX-License-Identifier: Apache-2.0
#include "apps/progress.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

struct Screen {
    std::string text;
    double seconds = 0;
    int writes = 0;

    ProgressOutput output(bool terminal, int columns = 0) {
        return {.write =
                    [this](std::string_view part) {
                        text += part;
                        ++writes;
                    },
                .terminal = terminal,
                .columns = columns,
                .seconds = [this] { return seconds; }};
    }
};

TEST(Progress, ShowsShareRateAndTimeLeft) {
    Screen screen;
    Progress progress("train", 200, "images", screen.output(true));
    screen.seconds = 2;
    progress.update(50, "loss 0.7");
    EXPECT_EQ(progress.line(),
              "train [======>                 ]  25% 50/200 images  25.0 images/s  0:06 left  loss 0.7");
}

TEST(Progress, RedrawsATerminalAtMostTenTimesASecond) {
    Screen screen;
    Progress progress("train", 1000, "images", screen.output(true));
    for (int i = 1; i <= 1000; ++i) {
        screen.seconds = i * 0.001;
        progress.update(i);
    }
    EXPECT_GE(screen.writes, 8);
    EXPECT_LE(screen.writes, 10);
    EXPECT_EQ(screen.text.find('\n'), std::string::npos);
}

TEST(Progress, WritesPlainLinesNowAndThenElsewhere) {
    Screen screen;
    Progress progress("train", 100, "images", screen.output(false));
    for (int i = 1; i <= 100; ++i) {
        screen.seconds = i;
        progress.update(i);
    }
    EXPECT_LE(screen.writes, 7);
    EXPECT_GE(screen.writes, 3);
    EXPECT_EQ(screen.text.find('\r'), std::string::npos);
    EXPECT_EQ(screen.text.find('\x1b'), std::string::npos);
}

TEST(Progress, AShortStepLeavesNoTrace) {
    Screen screen;
    {
        Progress progress("train", 2, "images", screen.output(false));
        screen.seconds = 1;
        progress.update(2);
    }
    EXPECT_EQ(screen.text, "");
}

TEST(Progress, FitsTheTerminal) {
    Screen screen;
    Progress progress("a title that is long enough", 100, "images", screen.output(true, 40));
    screen.seconds = 1;
    progress.update(50, "and a note");
    EXPECT_EQ(progress.line().size(), 39u);
}

TEST(Progress, QuietShowsNothing) {
    double now = 0;  // late enough for a line each time that it is asked
    Progress progress("train", 2, "images",
                      {.write = {}, .terminal = true, .seconds = [&now] { return now += 60; }});
    EXPECT_NO_THROW(progress.update(1));  // what writes is empty: calling it would throw
    EXPECT_NO_THROW(progress.finish());
}

TEST(Progress, ClockAndBytes) {
    EXPECT_EQ(clock_text(7.4), "0:07");
    EXPECT_EQ(clock_text(754), "12:34");
    EXPECT_EQ(clock_text(3723), "1:02:03");
    EXPECT_EQ(bytes_text(512), "512 B");
    EXPECT_EQ(bytes_text(8493466), "8.1 MiB");
}

}  // namespace
}  // namespace unmask
