// SPDX-License-Identifier: Apache-2.0
#include "data/layouts/picture_folders.h"

#include "tests/data/layouts/layout_folder.h"

namespace unmask {
namespace {

bool numbered(const std::vector<std::string>& names) {
    return are_numbered({names.begin(), names.end()});
}

TEST(AreNumbered, FramesAreAndPhotosAreNot) {
    EXPECT_TRUE(numbered({"000.png", "013.png", "9.jpg"}));
    EXPECT_TRUE(numbered({"071_054_12.png", "071_054_13.png"}));
    EXPECT_TRUE(numbered({"frame12_face0.png", "frame12_face1.png", "thumbnail.png"}));
    EXPECT_TRUE(numbered({"7.png"}));
    EXPECT_TRUE(numbered({"1.png", "2.png", "anna.png", "bert.png"}));  // half of them
    EXPECT_FALSE(numbered({"1.png", "2.png", "anna.png", "bert.png", "clara.png"}));
    EXPECT_FALSE(numbered({"anna.jpg", "bert.jpg", "clara2.jpg"}));
    EXPECT_FALSE(numbered({"anna.jpg", "anna.png"}));
    EXPECT_FALSE(numbered({"3fa1c.png", "b20d7.png", "77aef.png"}));
    EXPECT_FALSE(numbered({}));
}

TEST(PictureRule, HasThreeNames) {
    EXPECT_EQ(parse_picture_rule("auto"), PictureRule::automatic);
    EXPECT_EQ(parse_picture_rule("photos"), PictureRule::photos);
    EXPECT_EQ(parse_picture_rule("frames"), PictureRule::frames);
    expect_error([] { static_cast<void>(parse_picture_rule("clips")); }, {"photos", "clips"});
}

TEST_F(LayoutFolder, PhotosBelowAMethodStandForThemselves) {
    for (const char* name : {"anna", "bert", "clara"}) {
        add_picture(fmt::format("set/real/{}.png", name));
        add_picture(fmt::format("set/fake/Swap/{}.png", name));
    }
    for (const char* name : {"01", "02", "03"}) add_picture(fmt::format("set/fake/Morph/{}.png", name));
    const auto videos = find("set");
    EXPECT_EQ(videos.size(), 9u);
    EXPECT_EQ(videos.at("fake/Swap/bert").kind, SourceKind::picture);
    EXPECT_EQ(videos.at("fake/Swap/bert").method, "Swap");
    EXPECT_EQ(videos.at("fake/Morph/02").method, "Morph");  // numbered, as real/ holds photos
    EXPECT_EQ(videos.at("fake/Morph/02").label, 1);
    EXPECT_TRUE(notices.empty()) << notices.front();
    // Clips beside them put it in doubt.
    add_picture("set/real/v1/0.png");
    EXPECT_EQ(find("set").at("fake/Morph/02").kind, SourceKind::picture);
    EXPECT_EQ(find("set").at("real/v1").kind, SourceKind::folder);
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_NE(notices[0].find("fake/Morph: its numbered pictures are taken as photos"), std::string::npos);
}

TEST_F(LayoutFolder, FoldersOfPhotosMayBeNamedInCapitals) {
    for (const char* name : {"anna", "bert"}) add_picture(fmt::format("set/Real/{}.png", name));
    for (const char* name : {"01", "02"}) add_picture(fmt::format("set/Fake/Morph/{}.png", name));
    EXPECT_EQ(ids("set"), (Names{"Fake/Morph/01", "Fake/Morph/02", "Real/anna", "Real/bert"}));
}

TEST_F(LayoutFolder, PhotosInFakeSayNothingOfTheFoldersBesideThem) {
    add_picture("set/fake/anna.png");
    for (const char* name : {"0", "1"}) {
        add_picture(fmt::format("set/fake/v1/{}.png", name));
        add_picture(fmt::format("set/real/v2/{}.png", name));
    }
    EXPECT_EQ(ids("set"), (Names{"fake/anna", "fake/v1", "real/v2"}));
    EXPECT_TRUE(notices.empty()) << notices.front();
}

TEST_F(LayoutFolder, NumberedPicturesAreAClip) {
    for (const char* name : {"0", "1"}) {
        add_picture(fmt::format("set/fake/v1/{}.png", name));
        add_picture(fmt::format("set/real/v2/{}.png", name));
    }
    EXPECT_EQ(ids("set"), (Names{"fake/v1", "real/v2"}));
    EXPECT_EQ(find("set").at("fake/v1").guessed_frames, 2);
    EXPECT_TRUE(notices.empty()) << notices.front();
    const auto rule_ids = [&](PictureRule rule) {
        Names names;
        for (const SourceVideo& video : find_videos(folder / "set", {}, {}, nullptr, rule))
            names.push_back(video.video);
        return names;
    };
    EXPECT_EQ(rule_ids(PictureRule::photos), (Names{"fake/v1/0", "fake/v1/1", "real/v2/0", "real/v2/1"}));
    // Where real/ holds no clips nobody can know.
    std::filesystem::remove_all(folder / "set/real");
    add("set/real/a.mp4");
    EXPECT_EQ(ids("set"), (Names{"fake/v1", "real/a"}));
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_NE(notices[0].find("fake/v1: its numbered pictures are taken as the frames of one clip"),
              std::string::npos);
    EXPECT_NE(notices[0].find("--pictures photos"), std::string::npos);
    // One picture is the same either way.
    std::filesystem::remove(folder / "set/fake/v1/1.png");
    EXPECT_EQ(ids("set"), (Names{"fake/v1", "real/a"}));
    EXPECT_TRUE(notices.empty()) << notices.front();
}

TEST_F(LayoutFolder, OtherNamesArePhotosUnlessADatasetIsKnown) {
    for (const char* name : {"anna", "bert"}) {
        add_picture(fmt::format("set/people/{}.png", name));
        add_picture(fmt::format("original_sequences/youtube/c23/frames/071/{}.png", name));
    }
    EXPECT_EQ(ids("set", 0), (Names{"people/anna", "people/bert"}));
    EXPECT_EQ(ids("original_sequences"), Names{"original/071"});
    const auto videos = find_videos(folder / "set", 0, {}, nullptr, PictureRule::frames);
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0].video, "people");
}

}  // namespace
}  // namespace unmask
