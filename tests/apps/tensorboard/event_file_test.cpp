// SPDX-License-Identifier: Apache-2.0
// Event files are read back by a parser of the test's own.
#include "apps/tensorboard/event_file.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "apps/tensorboard/crc32c.h"
#include "tests/apps/tensorboard/read_events.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(Crc32c, HasTheValuesOfRfc3720) {
    EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
    EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
    EXPECT_EQ(crc32c(""), 0u);
    static_assert(masked_crc32c("") == 0xA282EAD8u);
}

TEST(EventFile, RecordsAreReadBack) {
    const TemporaryFolder folder;
    std::filesystem::path path;
    {
        EventFile file(folder.path());
        path = file.path();
        file.add(1, std::vector<Scalar>{{"loss/total", 3.25}, {"learning_rate", 1e-3}});
        file.add(300, std::vector<Scalar>{{std::string(200, 'x'), -0.5}});
        file.add(int64_t{1} << 40, std::vector<Scalar>{{"nan", std::numeric_limits<double>::quiet_NaN()}});
    }
    EXPECT_EQ(path.filename().string().rfind("events.out.tfevents.", 0), 0u);
    const std::vector<ReadEvent> events = read_events(path);
    ASSERT_EQ(events.size(), 4u);
    EXPECT_EQ(events[0].file_version, "brain.Event:2");
    for (const ReadEvent& event : events) EXPECT_GT(event.wall_time, 1.6e9);
    EXPECT_EQ(events[1].step, 1);
    ASSERT_EQ(events[1].scalars.size(), 2u);
    EXPECT_EQ(events[1].scalars[0].first, "loss/total");
    EXPECT_EQ(events[1].scalars[0].second, 3.25f);
    EXPECT_EQ(events[1].scalars[1].second, 1e-3f);
    EXPECT_EQ(events[2].step, 300);
    EXPECT_EQ(events[2].scalars[0].first, std::string(200, 'x'));
    EXPECT_EQ(events[3].step, int64_t{1} << 40);
    EXPECT_TRUE(std::isnan(events[3].scalars[0].second));
}

TEST(EventFile, ARestartSortsBehindAndSaysItsStep) {
    const TemporaryFolder folder;
    const EventFile first(folder.path());
    EventFile second(folder.path(), 42);
    EXPECT_LT(first.path().string(), second.path().string());
    const std::vector<ReadEvent> events = read_events(second.path());
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[1].step, 42);
    EXPECT_TRUE(events[1].session_start);
    EXPECT_FALSE(read_events(first.path())[0].session_start);
}

TEST(EventFile, EveryRecordIsCompleteAtOnce) {
    const TemporaryFolder folder;
    EventFile file(folder.path());
    for (int64_t step = 1; step <= 3; ++step) {
        file.add(step, std::vector<Scalar>{{"a", double(step)}});
        EXPECT_EQ(read_events(file.path()).size(), size_t(step) + 1);
    }
}

TEST(EventFile, AFolderThatIsNotThereIsNamed) {
    const TemporaryFolder folder;
    expect_error([&] { const EventFile file(folder / "none"); },
                 {"none/events.out.tfevents.", "cannot be written"});
}

}  // namespace
}  // namespace unmask
