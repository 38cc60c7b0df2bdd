// SPDX-License-Identifier: Apache-2.0
#include "apps/dataset/data_warnings.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class DataWarnings : public testing::Test {
  protected:
    DataWarnings() {
        for (const char* name : {"a.png", "b.png", "c.png"}) write_content(folder / name, name);
        manifest = {.directory = folder.path(),
                    .rows = {{.path = "a.png", .video = "a", .split = "train", .label = 0},
                             {.path = "b.png", .video = "b", .split = "train", .method = "swap", .label = 1},
                             // The same id under another method is another video.
                             {.path = "c.png", .video = "b", .split = "val", .label = 0}}};
    }
    // The one warning of training, which holds the text.
    void expect_warning(const std::string& text) const {
        const std::vector<std::string> warnings = training_warnings(manifest);
        ASSERT_EQ(warnings.size(), 1u) << (warnings.empty() ? "" : warnings.back());
        EXPECT_NE(warnings[0].find(text), std::string::npos) << warnings[0];
    }
    TemporaryFolder folder;
    Manifest manifest;
};

TEST_F(DataWarnings, SoundDataHasNone) {
    EXPECT_TRUE(training_warnings(manifest).empty());
    EXPECT_TRUE(data_warnings(manifest).empty());
}

TEST_F(DataWarnings, OneClassAloneIsNothingToLearnFrom) {
    check_both_classes(manifest, "faces.csv", "training");
    check_both_classes({}, "faces.csv", "training");
    manifest.rows[1].label = 0;
    EXPECT_TRUE(training_warnings(manifest).empty());
    expect_error(
        [&] { check_both_classes(manifest, "faces.csv", "training"); },
        {"faces.csv: training expected real and fake rows, found 3 real alone", "--forge self-blend"});
    for (ManifestRow& row : manifest.rows) row.label = 1;
    expect_error([&] { check_both_classes(manifest, "faces.csv", "training"); },
                 {"found 3 fake alone; real faces are missing"});
}

TEST_F(DataWarnings, PicturesThatAreThereTwice) {
    const Manifest sound = manifest;
    manifest.rows.push_back(manifest.rows[0]);
    manifest.rows.back().path = "x/../a.png";
    expect_warning("files in several rows of one side (1), such as " + (folder / "a.png").string() +
                   " (train)");
    EXPECT_TRUE(data_warnings(manifest).empty());
    manifest = sound;
    manifest.rows[2].path = "a.png";
    expect_warning("files on both sides of a split (1), such as " + (folder / "a.png").string() +
                   " (train, val)");
    manifest.rows[2].label = 1;
    ASSERT_EQ(training_warnings(manifest).size(), 2u);
    EXPECT_NE(training_warnings(manifest)[0].find("called real and fake"), std::string::npos);
    EXPECT_EQ(data_warnings(manifest), training_warnings(manifest));
}

TEST_F(DataWarnings, VideosAndPeopleInSeveralSplits) {
    manifest.rows[2].video = "a";
    expect_warning("videos on both sides of a split (1)");
    manifest.rows[2].video = "b";
    manifest.rows[0].identity = "x;y";
    manifest.rows[2].identity = "y";
    expect_warning(
        "identities on both sides of a split (1), such as y (train, val); see unmask dataset check");
}

}  // namespace
}  // namespace unmask
