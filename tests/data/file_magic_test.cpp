// SPDX-License-Identifier: Apache-2.0
#include "data/file_magic.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "data/frame_source.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(FileMagicOfFiles, AVideoByItsNameStaysOneWhenBroken) {
    const TemporaryFolder folder;
    for (const char* name : {"empty.mp4", "text.MKV"}) {
        write_content(folder / name, name[0] == 'e' ? "" : "text");
        EXPECT_TRUE(is_video_file(folder / name)) << name;
    }
    using namespace std::string_literals;
    write_content(folder / "unnamed",
                  "\0\0\0\x18"
                  "ftypisom\0\0\0\0"s);
    EXPECT_TRUE(is_video_file(folder / "unnamed"));
    write_content(folder / "text.txt", "text");
    EXPECT_FALSE(is_video_file(folder / "text.txt"));
}

TEST(FileMagicOfFiles, APipeIsRefusedWithoutWaiting) {
    const TemporaryFolder folder;
    const std::filesystem::path pipe = folder / "pipe.mp4";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    expect_error([&] { check_readable_file(pipe); }, {"pipe.mp4", "expected a regular file"});
    expect_error([&] { static_cast<void>(open_frames(pipe)); }, {"pipe.mp4", "expected a regular file"});
}

}  // namespace
}  // namespace unmask
