// SPDX-License-Identifier: Apache-2.0
#include "data/frame_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "data/picture.h"
#include "data/video.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(EvenlySpaced, SpreadsOverTheWholeAndNeverRepeats) {
    EXPECT_EQ(evenly_spaced(100, 4), (std::vector<int64_t>{12, 37, 62, 87}));
    EXPECT_EQ(evenly_spaced(5, 2), (std::vector<int64_t>{1, 3}));
    EXPECT_EQ(evenly_spaced(3, 3), (std::vector<int64_t>{0, 1, 2}));
    EXPECT_EQ(evenly_spaced(3, 10), (std::vector<int64_t>{0, 1, 2}));
    EXPECT_EQ(evenly_spaced(3, 0), (std::vector<int64_t>{0, 1, 2}));
    EXPECT_TRUE(evenly_spaced(0, 4).empty());
    for (int64_t count = 1; count < 60; ++count)
        for (int64_t wanted = 1; wanted <= count; ++wanted) {
            const std::vector<int64_t> indices = evenly_spaced(count, wanted);
            ASSERT_EQ(int64_t(indices.size()), wanted);
            ASSERT_GE(indices.front(), 0);
            ASSERT_LT(indices.back(), count);
            ASSERT_EQ(std::adjacent_find(indices.begin(), indices.end(), std::greater_equal<>()),
                      indices.end());
        }
}

// A header may announce any number of frames.
TEST(FrameNumbers, TakeNoMemoryForFramesThatAreOnlyAnnounced) {
    constexpr int64_t most = int64_t{1} << 40;
    const FrameNumbers all = FrameNumbers::spread(most, 0);
    EXPECT_EQ(all.size(), most);
    EXPECT_EQ(all[most - 1], most - 1);
    const FrameNumbers half = FrameNumbers::spread(most, most / 2);
    EXPECT_EQ(half[0], 1);
    EXPECT_EQ(half[most / 2 - 1], most - 1);
    EXPECT_THROW(static_cast<void>(FrameNumbers::spread(-1, 2)), Error);
}

TEST(FrameSource, AFolderIsReadNoFurtherWhenAskedToStop) {
    TemporaryFolder folder;
    for (const char* name : {"1.png", "2.png", "3.png"}) write_content(folder / name, "");
    int asked = 0;
    const auto source = open_frames(folder.path(), 1, [&] { return ++asked > 2; });
    expect_error([&] { source->read(FrameNumbers::spread(3, 0), [](Frame&&) {}); },
                 {folder.path().string(), "stopped before its end"});
    EXPECT_EQ(asked, 3);
}

TEST(NaturalOrder, ComparesNumbersByValue) {
    EXPECT_TRUE(natural_less("2.png", "10.png"));
    EXPECT_TRUE(natural_less("frame9_a", "frame10"));
    EXPECT_TRUE(natural_less("a", "b"));
    EXPECT_TRUE(natural_less("a1", "a1b"));
    EXPECT_TRUE(natural_less("01", "1") != natural_less("1", "01"));
    EXPECT_FALSE(natural_less("same7", "same7"));
}

TEST(FrameSource, APictureIsOneFrame) {
    TemporaryFolder folder;
    write_png(folder / "face.png", numbered_frame(77));
    const auto source = open_frames(folder / "face.png");
    EXPECT_EQ(source->kind(), SourceKind::picture);
    EXPECT_EQ(source->frame_count(), 1);
    int calls = 0;
    source->read(evenly_spaced(1, 32), [&](Frame&& frame) {
        ++calls;
        EXPECT_EQ(read_number(frame.image), 77);
        EXPECT_EQ(frame.name, "face.png");
    });
    EXPECT_EQ(calls, 1);
}

TEST(FrameSource, AFolderIsItsPicturesInNaturalOrder) {
    TemporaryFolder folder;
    for (int i : {1, 2, 10, 11, 100}) write_png(folder / (std::to_string(i) + ".png"), numbered_frame(i));
    write_content(folder / "notes.txt", "no picture");
    const auto source = open_frames(folder.path());
    EXPECT_EQ(source->kind(), SourceKind::folder);
    ASSERT_EQ(source->frame_count(), 5);
    std::vector<int> numbers;
    source->read(std::vector<int64_t>{0, 1, 2, 4},
                 [&](Frame&& frame) { numbers.push_back(read_number(frame.image)); });
    EXPECT_EQ(numbers, (std::vector<int>{1, 2, 10, 100}));
}

TEST(FrameSource, ABrokenPictureInAFolderIsReportedAfterTheOthers) {
    TemporaryFolder folder;
    for (int i : {1, 3}) write_png(folder / (std::to_string(i) + ".png"), numbered_frame(i));
    write_content(folder / "2.png", "");
    const auto source = open_frames(folder.path());
    ASSERT_EQ(source->frame_count(), 3);
    std::vector<int64_t> indices;
    expect_error(
        [&] {
            source->read(std::vector<int64_t>{0, 1, 2},
                         [&](Frame&& frame) { indices.push_back(frame.index); });
        },
        {"only 2 of 3 pictures could be read", "2.png", "0 bytes"});
    EXPECT_EQ(indices, (std::vector<int64_t>{0, 2}));
}

TEST(FrameSource, AVideoGivesItsFrames) {
    if (!video_available()) GTEST_SKIP() << "built without FFmpeg";
    TemporaryFolder folder;
    write_numbered_video(folder / "named_wrongly.png", 40);
    const auto source = open_frames(folder / "named_wrongly.png");
    EXPECT_EQ(source->kind(), SourceKind::video);
    EXPECT_EQ(source->frame_count(), 40);
    EXPECT_NEAR(source->frames_per_second(), 25, 1e-6);
    source->read(evenly_spaced(40, 4),
                 [&](Frame&& frame) { EXPECT_EQ(read_number(frame.image), frame.index); });
}

TEST(FrameSource, SaysWhatIsWrong) {
    TemporaryFolder folder;
    expect_error([&] { static_cast<void>(open_frames(folder.path())); },
                 {"holds no picture", "folders in it are not searched"});
    expect_error([&] { static_cast<void>(open_frames(folder / "none")); }, {"none", "no such file"});
    if (!video_available()) GTEST_SKIP() << "built without FFmpeg";
    write_content(folder / "text", "neither nor");
    expect_error([&] { static_cast<void>(open_frames(folder / "text")); },
                 {"text", "neither a picture (PNG, JPEG, BMP) nor a video"});
}

}  // namespace
}  // namespace unmask
