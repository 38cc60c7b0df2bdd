// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_record.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/data/numbered_frames.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST(PrepareRecord, IsReadBack) {
    const TemporaryFolder folder;
    const VideoRecord record{"version=1", "/videos/a.mp4",        4,
                             3,           "one frame is missing", {{7, "000007.png", {1, -2, 3, 4}, 0.5}}};
    write_record(folder / "set/a.json", record);
    EXPECT_EQ(read_record(folder / "set/a.json"), record);
    EXPECT_FALSE(read_record(folder / "set/b.json").has_value());
    write_content(folder / "set/b.json", "{\"fingerprint\": ");
    EXPECT_FALSE(read_record(folder / "set/b.json").has_value());
    // Bytes that are not UTF-8 cannot be kept, but must not stop the run.
    write_record(folder / "set/c.json", {"f", "/videos/\xff.mp4", 1, 1, "\xff", {}});
    EXPECT_TRUE(read_record(folder / "set/c.json").has_value());
}

TEST(PrepareRecord, TheFingerprintChangesWithSizeAndTime) {
    const TemporaryFolder folder;
    SourceVideo video;
    video.path = folder / "a.mp4";
    write_content(video.path, "one");
    const std::string before = source_fingerprint(video);
    EXPECT_EQ(source_fingerprint(video), before);
    for (const int hours : {-1000, 1, 1000}) {
        const fs::file_time_type time = fs::last_write_time(video.path);
        fs::last_write_time(video.path, time + std::chrono::hours(hours));
        EXPECT_NE(source_fingerprint(video), before) << hours;
        fs::last_write_time(video.path, time);
        EXPECT_EQ(source_fingerprint(video), before);
    }
    write_content(video.path, "other");
    EXPECT_NE(source_fingerprint(video), before);
}

TEST(PrepareRecord, TheFingerprintOfAFolderSeesEveryPicture) {
    const TemporaryFolder folder;
    SourceVideo video;
    video.kind = SourceKind::folder;
    video.path = folder.path();
    for (const char* name : {"1.png", "2.png"}) write_content(folder / name, "x");
    fs::last_write_time(folder / "2.png", fs::last_write_time(folder / "1.png") + std::chrono::hours(1));
    const std::string before = source_fingerprint(video);
    fs::last_write_time(folder / "1.png", fs::last_write_time(folder / "1.png") - std::chrono::hours(1));
    EXPECT_NE(source_fingerprint(video), before);
}

}  // namespace
}  // namespace unmask
