// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_earlier.h"

#include <gtest/gtest.h>

#include "data/manifest.h"
#include "data/prepare/prepare_record.h"
#include "tests/data/prepare/prepare_fixture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST_F(Preparing, FinishedCropsAreGivenUpOnlyWhenAsked) {
    prepare_faces(options());
    const auto before = crop_times();
    const std::string manifest = file_content(output / "faces.csv");
    const auto no_work = [](int64_t, int64_t, const std::string& text) { ADD_FAILURE() << text; };
    auto other = options();
    other.size = 32;
    expect_error([&] { prepare_faces(other, no_work); },
                 {output.filename().string(), "18 crops of 6", "size=64", "found", "size=32", "--overwrite"});
    other = options();
    other.frames = 0;
    expect_error([&] { prepare_faces(other, no_work); }, {"frames=3", "frames=0"});
    EXPECT_EQ(crop_times(), before);
    EXPECT_EQ(file_content(output / "faces.csv"), manifest);
    other.overwrite = true;
    EXPECT_EQ(prepare_faces(other).rows, 36);
}

TEST_F(Preparing, WhereNoFaceWasFoundThereIsNothingToGiveUp) {
    prepare_faces(options());
    for (const char* label : {"real", "fake"})
        for (int video = 0; video < 3; ++video) {
            const fs::path file = output / fmt::format("records/set/{}/v{}.json", label, video);
            VideoRecord record = read_record(file).value();
            record.faces.clear();
            write_record(file, record);
        }
    auto other = options();
    other.size = 32;
    EXPECT_EQ(prepare_faces(other).rows, 18);
}

// Such as dataset import writes of the same folder.
TEST_F(Preparing, AManifestThatPrepareDidNotWriteIsReplacedOnlyWhenAsked) {
    Manifest manifest{output, {}};
    manifest.rows.push_back({.path = (input / "real/v0/0.png").string(),
                             .video = "real/v0",
                             .split = "train",
                             .dataset = "set",
                             .method = "original"});
    fs::create_directories(output);
    write_manifest(output / "faces.csv", manifest);
    const std::string before = file_content(output / "faces.csv");
    auto asked = options();
    expect_error([&] { prepare_faces(asked); },
                 {"faces.csv: lists " + (input / "real/v0/0.png").string(), "--overwrite"});
    EXPECT_EQ(file_content(output / "faces.csv"), before);
    EXPECT_FALSE(fs::exists(output / "crops"));
    asked.overwrite = true;
    EXPECT_EQ(prepare_faces(asked).rows, 18);
    EXPECT_EQ(prepare_faces(options()).reused, 6);  // its own
}

TEST_F(Preparing, PicturesAreNotBothPhotosAndAClip) {
    prepare_faces(options());
    auto photos = options();
    photos.pictures = PictureRule::photos;
    expect_error([&] { prepare_faces(photos); }, {"set/fake/v0 otherwise", "--pictures", "--overwrite"});
    photos.overwrite = true;
    EXPECT_EQ(prepare_faces(photos).rows, 36);
    EXPECT_EQ(read_manifest(output / "faces.csv").rows.size(), 36u);
    expect_error([&] { prepare_faces(options()); }, {"otherwise", "--pictures", "--overwrite"});
}

}  // namespace
}  // namespace unmask
