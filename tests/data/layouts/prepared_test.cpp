// SPDX-License-Identifier: Apache-2.0
// Every layout with real, small videos, prepared to a manifest.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "data/check/check.h"
#include "data/manifest.h"
#include "data/prepare/prepare.h"
#include "data/video.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class PreparedLayout : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!video_available()) GTEST_SKIP() << "no FFmpeg in this build";
    }
    void video(const std::string& name) {
        const std::filesystem::path path = folder / ("in/" + name);
        std::filesystem::create_directories(path.parent_path());
        write_numbered_video(path, 3, {}, 5 * next_++);  // frames that no other video has
    }
    Manifest prepare() {
        PrepareOptions options;
        options.input = folder / "in";
        options.output = folder / "out";
        options.frames = 2;
        options.size = 32;
        options.detector = "whole";
        options.threads = 1;
        const PrepareReport report = prepare_faces(options);
        EXPECT_TRUE(report.failures().empty());
        notices = report.notices;
        return report.rows == 0 ? Manifest{} : read_manifest(report.manifest);
    }
    static std::set<std::string> videos(const Manifest& manifest, const std::string& split, int label) {
        std::set<std::string> names;
        for (const ManifestRow& row : manifest.rows)
            if (row.split == split && row.label == label) names.insert(row.video);
        return names;
    }
    TemporaryFolder folder;
    std::vector<std::string> notices;
    int next_ = 0;
};

using Set = std::set<std::string>;

TEST_F(PreparedLayout, FaceForensicsWithItsOfficialSplits) {
    const std::pair<const char*, const char*> pairs[] = {{"000", "003"}, {"071", "054"}, {"100", "200"}};
    for (const auto& [a, b] : pairs) {
        video(fmt::format("original_sequences/youtube/c23/videos/{}.mp4", a));
        video(fmt::format("original_sequences/youtube/c23/videos/{}.mp4", b));
        video(fmt::format("manipulated_sequences/FaceSwap/c23/videos/{}_{}.mp4", a, b));
        video(fmt::format("manipulated_sequences/Deepfakes/c23/videos/{}_{}.mp4", b, a));
    }
    write_content(folder / "in/splits/train.json", R"([["071", "054"]])");
    write_content(folder / "in/splits/val.json", R"([["000", "003"]])");
    write_content(folder / "in/splits/test.json", R"([["100", "200"]])");
    const Manifest manifest = prepare();
    EXPECT_EQ(manifest.rows.size(), 24u);
    EXPECT_EQ(videos(manifest, "train", 0), (Set{"original/054", "original/071"}));
    EXPECT_EQ(videos(manifest, "train", 1), (Set{"Deepfakes/054_071", "FaceSwap/071_054"}));
    EXPECT_EQ(videos(manifest, "val", 1), (Set{"Deepfakes/003_000", "FaceSwap/000_003"}));
    EXPECT_EQ(videos(manifest, "test", 0), (Set{"original/100", "original/200"}));
    for (const ManifestRow& row : manifest.rows) EXPECT_EQ(row.compression, "c23");
    EXPECT_EQ(manifest.rows.front().identity, "youtube:003;youtube:000");
    EXPECT_FALSE(check_manifests({manifest}).has_problem());
}

TEST_F(PreparedLayout, CelebWithItsTestListAndPeopleApart) {
    std::string list;
    for (int a = 0; a < 6; ++a) {
        video(fmt::format("Celeb-DF-v2/Celeb-real/id{}_0000.mp4", a));
        video(fmt::format("Celeb-DF-v2/Celeb-synthesis/id{}_id{}_0000.mp4", a, (a + 1) % 6));
        video(fmt::format("Celeb-DF-v2/Celeb-synthesis/id{}_id{}_0000.mp4", (a + 1) % 6, a));
    }
    video("Celeb-DF-v2/YouTube-real/00170.mp4");
    write_content(folder / "in/Celeb-DF-v2/List_of_testing_videos.txt",
                  "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n");
    const Manifest manifest = prepare();
    EXPECT_EQ(videos(manifest, "test", 0), Set{"YouTube-real/00170"});
    EXPECT_EQ(videos(manifest, "test", 1), Set{"Celeb-synthesis/id0_id1_0000"});
    for (const char* split : {"train", "val"})
        for (int label : {0, 1}) EXPECT_FALSE(videos(manifest, split, label).empty()) << split << label;
    EXPECT_FALSE(videos(manifest, "", 1).empty());  // forgeries with a person of either side
    const CheckReport report = check_manifests({manifest});
    // Only what the official list itself has: its two people are in videos that it leaves for training.
    for (const Finding& finding : report.findings) {
        EXPECT_EQ(finding.kind, FindingKind::identity_leak) << explanation(finding.kind);
        for (const FindingItem& item : finding.items) {
            EXPECT_TRUE(item.what == "celeb:id0" || item.what == "celeb:id1") << item.what;
            EXPECT_EQ(item.sides.size(), 2u);
            EXPECT_EQ(item.sides.front(), "test");
        }
    }
}

TEST_F(PreparedLayout, DfdcAndItsPreview) {
    for (const char* name : {"dfdc_train_part_0/aa", "dfdc_train_part_0/bb", "dfdc_train_part_1/cc",
                             "dfdc_train_part_1/dd", "test/ee", "test/ff"})
        video(std::string(name) + ".mp4");
    write_content(folder / "in/dfdc_train_part_0/metadata.json",
                  R"({"aa.mp4": {"label": "REAL", "split": "train"},
                      "bb.mp4": {"label": "FAKE", "split": "train", "original": "aa.mp4"}})");
    write_content(folder / "in/dfdc_train_part_1/metadata.json",
                  R"({"cc.mp4": {"label": "REAL", "split": "train", "original": null},
                      "dd.mp4": {"label": "FAKE", "split": "train", "original": "cc.mp4"}})");
    write_content(folder / "in/test/labels.csv", "filename,label\nee.mp4,1\nff.mp4,0\n");
    for (const char* name : {"original_videos/10/10_A", "method_A/10/10_A", "original_videos/11/11_A",
                             "method_B/11/11_A", "original_videos/12/12_A", "method_A/12/12_A"})
        video("preview/" + std::string(name) + ".mp4");
    write_content(folder / "in/preview/dataset.json",
                  R"({"original_videos/10/10_A.mp4": {"label": "real", "set": "train"},
                      "method_A/10/10_A.mp4": {"label": "fake", "set": "train"},
                      "original_videos/11/11_A.mp4": {"label": "real", "set": "train"},
                      "method_B/11/11_A.mp4": {"label": "fake", "set": "train"},
                      "original_videos/12/12_A.mp4": {"label": "real", "set": "test"},
                      "method_A/12/12_A.mp4": {"label": "fake", "set": "test"}})");
    const Manifest manifest = prepare();
    EXPECT_EQ(manifest.rows.size(), 24u);
    EXPECT_EQ(videos(manifest, "test", 0), (Set{"original_videos/12/12_A", "test/ff"}));
    EXPECT_EQ(videos(manifest, "test", 1), (Set{"method_A/12/12_A", "test/ee"}));
    EXPECT_EQ(videos(manifest, "train", 1).size(), 3u);
    EXPECT_EQ(videos(manifest, "val", 1).size(), 1u);
    EXPECT_FALSE(check_manifests({manifest}).has_problem());
}

TEST_F(PreparedLayout, PlainFolders) {
    for (int i = 0; i < 3; ++i) {
        video(fmt::format("real/{}.mp4", i));
        video(fmt::format("fake/Swap/{}.mp4", i));
    }
    const Manifest manifest = prepare();
    for (const char* split : {"train", "val", "test"})
        for (int label : {0, 1}) EXPECT_EQ(videos(manifest, split, label).size(), 1u) << split;
    EXPECT_FALSE(check_manifests({manifest}).has_problem());
}

}  // namespace
}  // namespace unmask
