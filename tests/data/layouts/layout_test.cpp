// SPDX-License-Identifier: Apache-2.0
#include "data/layouts/layout.h"

#include <gtest/gtest.h>

#include "tests/data/layouts/layout_folder.h"

namespace unmask {
namespace {

TEST_F(LayoutFolder, FaceForensics) {
    add("original_sequences/youtube/c23/videos/071.mp4");
    add("manipulated_sequences/Deepfakes/c23/videos/071_054.mp4");
    add("manipulated_sequences/FaceSwap/c23/videos/071_054.mp4");
    add("manipulated_sequences/Deepfakes/masks/videos/071_054.mp4");
    add("original_sequences/actors/c23/videos/01__hugging.mp4");
    add("manipulated_sequences/DeepFakeDetection/c23/videos/01_02__hugging__YV.mp4");
    add("manipulated_sequences/Deepfakes/c23/videos/.hidden.mp4");
    add("manipulated_sequences/Deepfakes/c23/videos/readme.txt", "text");
    const auto videos = find();
    ASSERT_EQ(videos.size(), 5u);
    const SourceVideo& original = videos.at("original/071");
    EXPECT_EQ(original.label, 0);
    EXPECT_EQ(original.method, "original");
    EXPECT_EQ(original.dataset, "FaceForensics++");
    EXPECT_EQ(original.identities, Names{"youtube:071"});
    const SourceVideo& fake = videos.at("Deepfakes/071_054");
    EXPECT_EQ(fake.label, 1);
    EXPECT_EQ(fake.method, "Deepfakes");
    EXPECT_EQ(fake.compression, "c23");
    EXPECT_EQ(fake.identities, (Names{"youtube:071", "youtube:054"}));
    EXPECT_EQ(videos.at("FaceSwap/071_054").method, "FaceSwap");
    EXPECT_EQ(videos.at("original/01__hugging").identities, Names{"actors:01"});
    EXPECT_EQ(videos.at("DeepFakeDetection/01_02__hugging__YV").identities,
              (Names{"actors:01", "actors:02"}));
    // A part of the dataset is recognized by the folders above it, and so is a single file.
    EXPECT_EQ(ids("manipulated_sequences/FaceSwap"), Names{"FaceSwap/071_054"});
    EXPECT_EQ(ids("original_sequences/youtube/c23/videos/071.mp4"), Names{"original/071"});
}

TEST_F(LayoutFolder, FaceForensicsAsFoldersOfFramesAndInSeveralLevels) {
    add_picture("original_sequences/youtube/c23/frames/071/000.png");
    add_picture("original_sequences/youtube/c23/frames/071/001.png");
    add("manipulated_sequences/Deepfakes/c23/videos/071_054.mp4");
    add("manipulated_sequences/Deepfakes/c40/videos/071_054.mp4");
    EXPECT_EQ(ids(), (Names{"Deepfakes/c23/071_054", "Deepfakes/c40/071_054", "original/071"}));
    EXPECT_EQ(find().at("original/071").kind, SourceKind::folder);
    // Folders of frames that are named as the videos.
    add_picture("manipulated_sequences/FaceSwap/c23/frames/071_054.mp4/000.png");
    EXPECT_EQ(find().at("FaceSwap/071_054").identities, (Names{"youtube:071", "youtube:054"}));
}

TEST_F(LayoutFolder, ListsAreReadForEachDatasetBelow) {
    add("one/original_sequences/youtube/c23/videos/001.mp4");
    add("one/train.json", R"([["001","002"]])");
    add("two/original_sequences/youtube/c23/videos/002.mp4");
    add("two/splits/test.json", R"([["001","002"]])");
    EXPECT_EQ(find().at("original/001").official, "train");
    EXPECT_EQ(find().at("original/002").official, "test");
}

TEST_F(LayoutFolder, OfficialLists) {
    for (const char* id : {"001", "002", "003"})
        add(std::string("original_sequences/youtube/c23/videos/") + id + ".mp4");
    add("manipulated_sequences/Deepfakes/c23/videos/001_002.mp4");
    add("train.json", R"([["001","002"]])");
    add("splits/test.json", R"([["003","004"]])");
    EXPECT_EQ(find().at("Deepfakes/001_002").official, "train");
    EXPECT_EQ(find("original_sequences").at("original/003").official, "test");
    // Of two people in different lists, or with one in none, a forgery belongs to neither.
    add("manipulated_sequences/Deepfakes/c23/videos/001_003.mp4");
    add("manipulated_sequences/Deepfakes/c23/videos/001_999.mp4");
    EXPECT_EQ(find().at("Deepfakes/001_003").official, "");
    EXPECT_EQ(find().at("Deepfakes/001_999").official, "");
    add("val.json", R"([["003","009"]])");
    expect_error([&] { find(); }, {"json", "003", "already in the list"});
    add("val.json", "[[\"071\"");
    expect_error([&] { find(); }, {"val.json", "expected JSON"});
    for (const char* wrong : {"{}", "[[\"071\"]]", "[[1, 2]]", "[\"071\", \"054\"]", "7"}) {
        add("val.json", wrong);
        expect_error([&] { find(); }, {"val.json", "list of pairs"});
    }
}

TEST_F(LayoutFolder, PlainFolders) {
    add("set/real/a.mp4");
    add("set/fake/a.avi");
    add("set/fake/Swap/deep/b.mp4");
    add_picture("set/fake/frames/v1/0.png");
    add_picture("set/Real/face.png");
    const auto videos = find("set");
    ASSERT_EQ(ids("set"), (Names{"Real/face", "fake/Swap/deep/b", "fake/a", "fake/frames/v1", "real/a"}));
    EXPECT_EQ(videos.at("real/a").label, 0);
    EXPECT_EQ(videos.at("real/a").method, "original");
    EXPECT_EQ(videos.at("real/a").dataset, "set");
    EXPECT_EQ(videos.at("fake/a").method, "fake");
    EXPECT_EQ(videos.at("fake/Swap/deep/b").method, "Swap");
    EXPECT_EQ(videos.at("fake/frames/v1").kind, SourceKind::folder);
    EXPECT_EQ(videos.at("Real/face").kind, SourceKind::picture);
    EXPECT_EQ(videos.at("Real/face").label, 0);
    EXPECT_EQ(find("set/fake").at("fake/a").label, 1);
}

TEST_F(LayoutFolder, AGivenLabelNeedsNoLayout) {
    add("clips/x/a.mp4");
    add("clips/b.mp4");
    add_picture("clips/c.png");
    const auto videos = find("clips", 1);
    EXPECT_EQ(ids("clips", 1), (Names{"b", "c", "x/a"}));
    EXPECT_EQ(videos.at("x/a").label, 1);
    EXPECT_EQ(videos.at("x/a").dataset, "clips");
    EXPECT_EQ(videos.at("c").kind, SourceKind::picture);
    EXPECT_EQ(ids("clips/b.mp4", 0), Names{"b"});
}

TEST_F(LayoutFolder, SameNamesStayApart) {
    add("real/a.mp4");
    add("real/a.avi");
    EXPECT_EQ(ids(), (Names{"real/a.avi", "real/a.mp4"}));
}

TEST_F(LayoutFolder, EachRealFolderCountsOnce) {
    namespace fs = std::filesystem;
    add("set/real/b/1.mp4");
    add("set/fake/2.mp4");
    add("elsewhere/3.mp4");
    fs::create_directory_symlink("..", folder / "set/real/loop");
    fs::create_directory_symlink("b", folder / "set/real/a");
    fs::create_directory_symlink(folder / "elsewhere", folder / "set/fake/far");
    EXPECT_EQ(ids("set"), (Names{"fake/2", "fake/far/3", "real/b/1"}));
}

TEST_F(LayoutFolder, AFolderCanBeLeftOut) {
    add("set/real/1.mp4");
    add("set/out/crops/2.mp4");
    const std::vector<SourceVideo> videos = find_videos(folder / "set", {}, folder / "set/out");
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0].video, "real/1");
}

TEST_F(LayoutFolder, SaysWhatIsWrong) {
    expect_error([&] { find("nowhere"); }, {"nowhere", "No such file"});
    expect_error([&] { find(); }, {"no videos found"});
    add("stuff/a.mp4");
    expect_error([&] { find(); },
                 {"a.mp4", "cannot tell real or fake", "original_sequences", "real/", "fake/"});
}

}  // namespace
}  // namespace unmask
