// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "data/prepare/prepare.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(CropSettingsFile, IsReadBackFromBesideTheManifest) {
    const TemporaryFolder folder;
    EXPECT_FALSE(read_crop_settings(folder / "faces.csv").has_value());
    const CropSettings settings{224, 1.25, "dlib"};
    write_crop_settings(folder / "faces.csv", settings);
    EXPECT_TRUE(std::filesystem::exists(folder / "prepare.json"));
    EXPECT_EQ(read_crop_settings(folder / "faces.csv"), settings);
    write_content(folder / "prepare.json", "{\"size\": \"large\"}");
    expect_error([&] { static_cast<void>(read_crop_settings(folder / "faces.csv")); },
                 {"prepare.json", "size, margin and detector"});
}

}  // namespace
}  // namespace unmask
