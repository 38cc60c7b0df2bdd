// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/manifest_warnings.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

Manifest sound() {
    return {.directory = "/faces",
            .rows = {{.path = "a.png", .video = "a", .split = "train", .label = 0},
                     {.path = "b.png", .video = "b", .split = "train", .method = "swap", .label = 1},
                     // The same id under another method is another video.
                     {.path = "c.png", .video = "b", .split = "val", .label = 0}}};
}

// The one warning about it, which holds the text.
void expect_warning(const Manifest& manifest, const std::string& text) {
    const std::vector<std::string> warnings = manifest_warnings(manifest);
    ASSERT_EQ(warnings.size(), 1u) << (warnings.empty() ? "" : warnings.back());
    EXPECT_NE(warnings[0].find(text), std::string::npos) << warnings[0];
}

TEST(ManifestWarnings, SoundDataHasNone) {
    EXPECT_TRUE(manifest_warnings(sound()).empty());
}

TEST(ManifestWarnings, OneClassAlone) {
    Manifest manifest = sound();
    manifest.rows[1].label = 0;
    expect_warning(manifest, "all 2 training rows are real");
    for (ManifestRow& row : manifest.rows) row.split = "";
    expect_warning(manifest, "all 3 training rows are real");
}

TEST(ManifestWarnings, PicturesThatAreThereTwice) {
    Manifest manifest = sound();
    manifest.rows.push_back(manifest.rows[0]);
    manifest.rows.back().path = "x/../a.png";
    expect_warning(manifest, "1 pictures have several rows in one split, such as /faces/a.png (train)");
    manifest = sound();
    manifest.rows[2].path = "a.png";
    expect_warning(manifest, "1 pictures are in several splits");
    manifest.rows[2].label = 1;
    EXPECT_EQ(manifest_warnings(manifest).size(), 2u);
    EXPECT_NE(manifest_warnings(manifest)[0].find("both labels"), std::string::npos);
}

TEST(ManifestWarnings, VideosInSeveralSplits) {
    Manifest manifest = sound();
    manifest.rows[2].video = "a";
    expect_warning(manifest, "1 videos are in several splits");
}

}  // namespace
}  // namespace unmask
