// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data/manifest.h"
#include "data/video.h"
#include "tests/data/prepare/prepare_fixture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST_F(Preparing, WritesCropsAndManifest) {
    int64_t calls = 0;
    const PrepareReport report =
        prepare_faces(options(), [&](int64_t done, int64_t total, const std::string& text) {
            EXPECT_EQ(done, ++calls);
            EXPECT_EQ(total, 6);
            EXPECT_NE(text.find("3 faces in 3 frames"), std::string::npos) << text;
        });
    EXPECT_EQ(calls, 6);
    EXPECT_EQ(report.rows, 18);
    EXPECT_EQ(report.reused, 0);
    EXPECT_TRUE(report.failures().empty());
    const Manifest manifest = read_manifest(report.manifest);
    ASSERT_EQ(manifest.rows.size(), 18u);
    check_files(manifest);
    EXPECT_EQ(manifest.rows[0].path, "crops/set/fake/v0/000001.png");
    EXPECT_EQ(manifest.rows[0].video, "fake/v0");
    EXPECT_EQ(manifest.rows[0].dataset, "set");
    EXPECT_EQ(manifest.rows[0].label, 1);
    std::map<std::string, std::map<int, int>> per_split;
    for (const ManifestRow& row : manifest.rows) {
        const Image crop = read_picture(manifest.file(row));
        EXPECT_EQ(crop.width, 64);
        EXPECT_EQ(crop.height, 64);
        ++per_split[row.split][row.label];
    }
    for (const char* split : {"train", "val", "test"})
        EXPECT_EQ(per_split[split], (std::map<int, int>{{0, 3}, {1, 3}})) << split;
    PrepareOptions one = options();
    one.output = folder / "one";
    one.frames = 1;
    prepare_faces(one, [&](int64_t, int64_t, const std::string& text) {
        EXPECT_NE(text.find("1 face in 1 frame,"), std::string::npos) << text;
    });
}

// 12 photos, each there under two names that a split by name would part sooner or later.
TEST_F(Preparing, CopiesOfAPhotoStayOnOneSide) {
    for (int photo = 0; photo < 12; ++photo)
        for (const char* name : {"a", "b"}) {
            const fs::path file = folder / "photos" / fmt::format("{}{}.png", name, photo);
            fs::create_directories(file.parent_path());
            write_png(file, numbered_frame(photo));
        }
    PrepareOptions asked = options();
    asked.input = folder / "photos";
    asked.label = 0;
    std::map<std::string, std::set<std::string>> names_of;  // by split
    for (const ManifestRow& row : read_manifest(prepare_faces(asked).manifest).rows)
        names_of[row.split].insert(row.video);
    ASSERT_EQ(names_of.size(), 3u);
    for (const auto& [split, names] : names_of)
        for (int photo = 0; photo < 12; ++photo)
            EXPECT_EQ(names.contains(fmt::format("a{}", photo)), names.contains(fmt::format("b{}", photo)))
                << split << " " << photo;
}

TEST_F(Preparing, TheCropShowsTheFrame) {
    auto asked = options();
    asked.size = 160;
    prepare_faces(asked);
    // 160 x 96 becomes a square by repeating the upper and lower edge; the bars of the lower half stay in
    // place.
    const Image crop = read_picture(output / "crops/set/real/v2/000003.png");
    EXPECT_EQ(read_number(crop), 23);
}

TEST_F(Preparing, BrokenSourcesAreReportedAndTheOthersGoOn) {
    write_content(input / "real/v1/2.png", "");
    write_content(input / "fake/broken.mp4", "not a video");
    auto all_frames = options();
    all_frames.frames = 0;
    for (int run = 0; run < 2; ++run) {
        const PrepareReport report = prepare_faces(all_frames);
        EXPECT_EQ(report.rows, 35);
        EXPECT_EQ(report.reused, run == 0 ? 0 : 6);
        const std::vector<VideoReport> failures = report.failures();
        ASSERT_EQ(failures.size(), 2u);
        EXPECT_EQ(failures[0].video, "fake/broken");
        EXPECT_EQ(failures[0].decoded, 0);
        EXPECT_NE(failures[0].problem.find("broken.mp4"), std::string::npos);
        EXPECT_EQ(failures[1].video, "real/v1");
        EXPECT_EQ(failures[1].asked, 6);
        EXPECT_EQ(failures[1].decoded, 5);
        EXPECT_NE(failures[1].problem.find("only 5 of 6 pictures"), std::string::npos);
        for (const VideoReport& video : failures)
            EXPECT_EQ(video.problem.find(video.path.string() + ": "), 0u) << video.problem;
    }
}

TEST_F(Preparing, VideosTooIfTheBuildReadsThem) {
    if (!video_available()) GTEST_SKIP() << "built without FFmpeg";
    write_numbered_video(input / "real/clip.mp4", 40);
    write_numbered_video(input / "fake/whole.mp4", 40);
    const std::string content = file_content(input / "fake/whole.mp4");
    write_content(input / "fake/cut.mp4", content.substr(0, content.size() * 8 / 10));
    auto asked = options();
    asked.frames = 8;
    asked.size = 160;
    const PrepareReport report = prepare_faces(asked);
    EXPECT_EQ(read_number(read_picture(output / "crops/set/real/clip/000037.png")), 37);
    const std::vector<VideoReport> failures = report.failures();
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0].video, "fake/cut");
    EXPECT_GT(failures[0].faces, 0);
    EXPECT_LT(failures[0].faces, 8);
    EXPECT_NE(failures[0].problem.find("of 8 frames could be decoded (the file is truncated"),
              std::string::npos)
        << failures[0].problem;
}

TEST_F(Preparing, SaysWhatIsWrong) {
    const auto expect_wrong = [&](auto change, const std::vector<std::string>& words) {
        auto wrong = options();
        change(wrong);
        expect_error([&] { prepare_faces(wrong); }, words);
    };
    expect_wrong([](PrepareOptions& o) { o.frames = -1; }, {"0 or more frames", "-1"});
    expect_wrong([](PrepareOptions& o) { o.size = 8; }, {"16 to 4096", "8"});
    expect_wrong([](PrepareOptions& o) { o.margin = 0; }, {"0.5 to 10"});
    expect_wrong([](PrepareOptions& o) { o.detector = "eyes"; }, {"eyes"});
    expect_wrong([](PrepareOptions& o) { o.label = 2; }, {"label 0 or 1"});
    expect_wrong([&](PrepareOptions& o) { o.input = folder / "nothing"; }, {"nothing"});
    write_content(folder / "a file", "x");
    expect_wrong([&](PrepareOptions& o) { o.output = folder / "a file"; }, {"a file"});
}

TEST_F(Preparing, WithoutAnyFaceEverySourceIsReportedAndNothingWritten) {
    write_content(folder / "bad/real/x.mp4", "text");
    PrepareOptions bad = options();
    bad.input = folder / "bad";
    const PrepareReport report = prepare_faces(bad);
    EXPECT_EQ(report.rows, 0);
    EXPECT_TRUE(report.manifest.empty());
    ASSERT_EQ(report.failures().size(), 1u);
    EXPECT_NE(report.failures()[0].problem.find("x.mp4"), std::string::npos) << report.failures()[0].problem;
    EXPECT_FALSE(fs::exists(output / "faces.csv"));
}

TEST_F(Preparing, AnOutputWithinTheInputIsNotTakenForInput) {
    auto within = options();
    within.output = input / "real" / "prepared";
    EXPECT_EQ(prepare_faces(within).videos.size(), 6u);
    const PrepareReport again = prepare_faces(within);
    EXPECT_EQ(again.videos.size(), 6u);
    EXPECT_EQ(again.reused, 6);
}

TEST_F(Preparing, CropsWithinADatasetAreNotTakenForItsVideos) {
    const fs::path set = folder / "ff";
    fs::create_directories(set / "original_sequences/youtube/c23/frames");
    fs::create_directories(set / "manipulated_sequences/Deepfakes/c23/frames");
    fs::copy(input / "real/v0", set / "original_sequences/youtube/c23/frames/001");
    fs::copy(input / "fake/v0", set / "manipulated_sequences/Deepfakes/c23/frames/001_002");
    auto within = options();
    within.input = set;
    within.output = set / "faces";
    EXPECT_EQ(prepare_faces(within).videos.size(), 2u);
    EXPECT_EQ(prepare_faces(within).reused, 2);
    // An output above the input holds the videos too.
    fs::remove_all(set / "faces");
    within.output = folder.path();
    EXPECT_EQ(prepare_faces(within).videos.size(), 2u);
}

}  // namespace
}  // namespace unmask
