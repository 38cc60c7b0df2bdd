// SPDX-License-Identifier: Apache-2.0
#include "data/video.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class VideoFiles : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!video_available()) GTEST_SKIP() << "built without FFmpeg";
    }
    TemporaryFolder folder;
};

struct Delivered {
    std::vector<int64_t> indices;
    std::vector<double> times;
    std::vector<int> numbers;  // as written in the pictures
};

Delivered read(VideoReader& video, const std::vector<int64_t>& indices, std::string* error = nullptr) {
    Delivered delivered;
    try {
        video.read_frames(indices, [&](int64_t index, double seconds, Image&& image) {
            delivered.indices.push_back(index);
            delivered.times.push_back(seconds);
            delivered.numbers.push_back(read_number(image));
        });
    } catch (const Error& failure) {
        if (!error) throw;
        *error = failure.what();
    }
    return delivered;
}

std::vector<int64_t> all_of(int64_t count) {
    std::vector<int64_t> indices(static_cast<size_t>(count));
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
}

TEST_F(VideoFiles, EveryFrameComesUnderItsNumber) {
    // Several arrangements of key frames and frames that are stored in another order than they are shown.
    for (const VideoWriterOptions& options :
         {VideoWriterOptions{}, VideoWriterOptions{.keyframe_interval = 50, .b_frames = 4},
          VideoWriterOptions{.keyframe_interval = 1, .b_frames = 0},
          VideoWriterOptions{.encoder = "mpeg4"}}) {
        write_numbered_video(folder / "v.mp4", 73, options);
        VideoReader video(folder / "v.mp4");
        EXPECT_EQ(video.info().frame_count, 73);
        EXPECT_EQ(video.info().width, 160);
        EXPECT_EQ(video.info().height, 96);
        EXPECT_NEAR(video.info().frames_per_second, 25, 1e-6);
        EXPECT_NEAR(video.info().duration_seconds, 73 / 25.0, 0.05);
        const Delivered delivered = read(video, all_of(73));
        ASSERT_EQ(delivered.indices, all_of(73));
        for (int i = 0; i < 73; ++i) {
            EXPECT_EQ(delivered.numbers[size_t(i)], i);
            EXPECT_NEAR(delivered.times[size_t(i)], i / 25.0, 1e-6);
        }
    }
}

TEST_F(VideoFiles, SomeFramesAndSeveralPasses) {
    write_numbered_video(folder / "v.mp4", 60);
    VideoReader video(folder / "v.mp4", {.threads = 1});
    for (const std::vector<int64_t>& indices : {std::vector<int64_t>{3, 17, 58}, {59}, {0}, {}}) {
        const Delivered delivered = read(video, indices);
        EXPECT_EQ(delivered.indices, indices);
        EXPECT_EQ(std::vector<int64_t>(delivered.numbers.begin(), delivered.numbers.end()), indices);
    }
    expect_error([&] { read(video, {60}); }, {"v.mp4", "0 to 59", "found 60"});
    expect_error([&] { read(video, {5, 5}); }, {"v.mp4", "increasing"});
    EXPECT_THROW(video.read_frames(all_of(3), [](int64_t, double, Image&&) { throw 42; }), int);
}

TEST_F(VideoFiles, ContentSurvivesTheColourConversion) {
    Image image(64, 48);
    for (int i = 0; i < 64 * 48; ++i) {
        image.pixels[size_t(i) * 3] = 200;
        image.pixels[size_t(i) * 3 + 1] = 120;
        image.pixels[size_t(i) * 3 + 2] = 60;
    }
    VideoWriter writer(folder / "v.mp4", 64, 48, 30, {.quality = 8});
    for (int i = 0; i < 3; ++i) writer.add(image);
    writer.finish();
    VideoReader(folder / "v.mp4").read_frames(all_of(3), [&](int64_t, double, Image&& frame) {
        EXPECT_NEAR(frame.at(30, 20)[0], 200, 4);
        EXPECT_NEAR(frame.at(30, 20)[1], 120, 4);
        EXPECT_NEAR(frame.at(30, 20)[2], 60, 4);
    });
}

TEST_F(VideoFiles, DisplayRotationIsApplied) {
    for (int rotation : {90, 180, 270}) {
        write_numbered_video(folder / "v.mp4", 2, {.rotation = rotation}, 300);
        VideoReader video(folder / "v.mp4");
        const bool upright = rotation == 180;
        EXPECT_EQ(video.info().width, upright ? 160 : 96) << rotation;
        video.read_frames(all_of(1), [&](int64_t, double, Image&& frame) {
            ASSERT_EQ(frame.width, upright ? 160 : 96) << rotation;
            // The plain grey upper half, level 40 + 140, and the lower half whose leftmost bit is not set.
            const auto grey_at = [&](double x, double y) {
                return int(*frame.at(int(x * frame.width), int(y * frame.height)));
            };
            const int top = rotation == 90    ? grey_at(0.8, 0.05)
                            : rotation == 180 ? grey_at(0.95, 0.8)
                                              : grey_at(0.2, 0.95);
            const int bars = rotation == 90    ? grey_at(0.2, 0.05)
                             : rotation == 180 ? grey_at(0.95, 0.2)
                                               : grey_at(0.8, 0.95);
            EXPECT_NEAR(top, 180, 8) << rotation;
            EXPECT_NEAR(bars, 20, 12) << rotation;
        });
    }
}

TEST_F(VideoFiles, TruncatedVideoGivesWhatIsThereAndSaysSo) {
    write_numbered_video(folder / "whole.mp4", 100);
    const std::string content = file_content(folder / "whole.mp4");
    for (double part : {0.5, 0.7, 0.95}) {
        write_content(folder / "cut.mp4", content.substr(0, size_t(double(content.size()) * part)));
        VideoReader video(folder / "cut.mp4");
        EXPECT_EQ(video.info().frame_count, 100);
        std::string error;
        const Delivered delivered = read(video, all_of(100), &error);
        EXPECT_GT(delivered.indices.size(), 10u);
        EXPECT_LT(delivered.indices.size(), 100u);
        for (size_t i = 0; i < delivered.indices.size(); ++i)
            EXPECT_EQ(delivered.numbers[i], delivered.indices[i]) << part;
        EXPECT_NE(error.find("cut.mp4: only " + std::to_string(delivered.indices.size()) +
                             " of 100 frames could be decoded (the file is truncated"),
                  std::string::npos)
            << error;
        EXPECT_EQ(error.find('\n'), std::string::npos);
        // What lies before the cut can be had, but the cut does not go unnoticed.
        EXPECT_EQ(read(video, {0, 5}, &error).numbers, (std::vector<int>{0, 5}));
        EXPECT_NE(error.find("the file is truncated"), std::string::npos) << error;
        EXPECT_NE(error.find("all 2 frames asked for"), std::string::npos) << error;
    }
}

TEST_F(VideoFiles, DamagedFramesAreLeftOutAndTheOthersKeepTheirNumbers) {
    for (const char* encoder : {"", "mpeg4"}) {
        write_numbered_video(folder / "whole.mp4", 100,
                             {.encoder = encoder, .keyframe_interval = 10, .b_frames = 0});
        std::string content = file_content(folder / "whole.mp4");
        const size_t data = content.find("mdat");
        ASSERT_NE(data, std::string::npos);
        const size_t start = data + (content.size() - data) * 4 / 10;
        std::fill_n(content.begin() + std::ptrdiff_t(start), (content.size() - data) / 20, '\x55');
        write_content(folder / "damaged.mp4", content);
        VideoReader video(folder / "damaged.mp4");
        std::string error;
        const Delivered delivered = read(video, all_of(100), &error);
        EXPECT_GT(delivered.indices.size(), 60u);
        ASSERT_LT(delivered.indices.size(), 100u);
        EXPECT_EQ(delivered.indices.back(), 99);
        for (size_t i = 0; i < delivered.indices.size(); ++i)
            EXPECT_EQ(delivered.numbers[i], delivered.indices[i]) << encoder;
        EXPECT_NE(error.find("of 100 frames could be decoded (the file is damaged"), std::string::npos)
            << error;
    }
}

TEST_F(VideoFiles, FilesThatAreNoVideos) {
    const auto expect_broken = [&](const std::string& name, const std::vector<std::string>& words) {
        std::vector<std::string> all = words;
        all.push_back((folder / name).string());
        expect_error([&] { VideoReader video(folder / name); }, all);
    };
    expect_broken("missing.mp4", {"no such file"});
    write_content(folder / "empty.mp4", "");
    expect_broken("empty.mp4", {"empty (0 bytes)"});
    write_content(folder / "text.mp4", "This is text and nothing else.\nReally.\n");
    expect_broken("text.mp4", {"neither a picture (PNG, JPEG, BMP) nor a video"});
    // A play list names other files: never followed.
    write_content(folder / "list.mp4",
                  "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nv.ts\n#EXT-X-ENDLIST\n");
    expect_broken("list.mp4", {"neither a picture (PNG, JPEG, BMP) nor a video"});
    // An MP4 whose index was to come at the end.
    write_numbered_video(folder / "whole.mp4", 30);
    std::string content = file_content(folder / "whole.mp4");
    const size_t index = content.find("moov"), data = content.find("mdat");
    ASSERT_LT(index, data);
    content.erase(index - 4, data - index);
    write_content(folder / "unfinished.mp4", content.substr(0, content.size() - 50));
    expect_broken("unfinished.mp4", {"no index (moov atom not found)"});
    EXPECT_TRUE(looks_like_video(folder / "unfinished.mp4"));
    EXPECT_TRUE(looks_like_video(folder / "whole.mp4"));
    EXPECT_FALSE(looks_like_video(folder / "text.mp4"));
    EXPECT_FALSE(looks_like_video(folder / "missing.mp4"));
}

TEST_F(VideoFiles, LargeFramesAreRefused) {
    write_numbered_video(folder / "v.mp4", 3);
    expect_error([&] { VideoReader video(folder / "v.mp4", {.max_frame_pixels = 160 * 96 - 1}); },
                 {"v.mp4", "too large", "160 x 96"});
    EXPECT_NO_THROW(VideoReader(folder / "v.mp4", {.max_frame_pixels = 160 * 96 + 4096}));
}

// Whenever the wish comes: while the file is opened, while its frames are counted, while they are read.
TEST_F(VideoFiles, AskedToStopTheyGoNoFurther) {
    write_numbered_video(folder / "v.mp4", 60);
    int asked = 0, most = 1 << 30;
    const VideoOptions options{.threads = 1, .stop = [&] { return ++asked > most; }};
    int opening = 0;
    {
        VideoReader video(folder / "v.mp4", options);
        opening = asked;
        EXPECT_GT(opening, 60);  // each packet
        EXPECT_EQ(read(video, {59}).numbers, std::vector<int>{59});
        EXPECT_GT(asked, opening + 60);
    }
    const int all = asked;
    for (most = 0; most < all; most += 7) {
        asked = 0;
        expect_error(
            [&] {
                VideoReader video(folder / "v.mp4", options);
                EXPECT_GE(most, opening);
                read(video, {59});
            },
            {"v.mp4: stopped before its end"});
        EXPECT_LE(asked, most + 5);
    }
}

TEST_F(VideoFiles, WriterGivesTheSameBytesAndNoHalfFiles) {
    write_numbered_video(folder / "a.mp4", 20);
    write_numbered_video(folder / "b.mp4", 20);
    EXPECT_EQ(file_content(folder / "a.mp4"), file_content(folder / "b.mp4"));
    {
        VideoWriter writer(folder / "c.mp4", 160, 96, 25);
        writer.add(numbered_frame(1));
    }
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        files += entry.is_regular_file();
    EXPECT_EQ(files, 2u);
    expect_error([&] { VideoWriter writer(folder / "d.mp4", 161, 96, 25); }, {"d.mp4", "even", "161 x 96"});
    expect_error([&] { VideoWriter writer(folder / "no" / "d.mp4", 160, 96, 25); },
                 {"d.mp4", "cannot be written"});
    expect_error(
        [&] {
            VideoWriter writer(folder / "d.mp4", 160, 96, 25);
            writer.add(Image(32, 32));
        },
        {"d.mp4", "160 x 96", "32 x 32"});
    expect_error(
        [&] {
            VideoWriter writer(folder / "d.mp4", 160, 96, 25);
            writer.finish();
        },
        {"d.mp4", "at least one frame"});
}

}  // namespace
}  // namespace unmask
