// SPDX-License-Identifier: Apache-2.0
#include "tests/data/layouts/layout_folder.h"

namespace unmask {
namespace {

class CelebFolder : public LayoutFolder {
  protected:
    void add_all() {
        add("Celeb-DF-v2/Celeb-real/id0_0000.mp4");
        add("Celeb-DF-v2/Celeb-real/id1_0000.mp4");
        add("Celeb-DF-v2/YouTube-real/00170.mp4");
        add("Celeb-DF-v2/Celeb-synthesis/id0_id1_0000.mp4");
        add("Celeb-DF-v2/Celeb-synthesis/id1_id0_0000.mp4");
    }
    void list(const std::string& lines) { add("Celeb-DF-v2/List_of_testing_videos.txt", lines); }
};

TEST_F(CelebFolder, OneMeansRealInItsList) {
    add_all();
    list("1 YouTube-real/00170.mp4\r\n0 Celeb-synthesis/id0_id1_0000.mp4\n\n");
    const auto videos = find();
    ASSERT_EQ(ids(), (Names{"Celeb-real/id0_0000", "Celeb-real/id1_0000", "Celeb-synthesis/id0_id1_0000",
                            "Celeb-synthesis/id1_id0_0000", "YouTube-real/00170"}));
    const SourceVideo& tested = videos.at("YouTube-real/00170");
    EXPECT_EQ(tested.label, 0);
    EXPECT_EQ(tested.method, "original");
    EXPECT_EQ(tested.dataset, "Celeb-DF-v2");
    EXPECT_EQ(tested.official, "test");
    EXPECT_EQ(tested.identities, Names{"celeb:YouTube-real/00170"});
    const SourceVideo& fake = videos.at("Celeb-synthesis/id0_id1_0000");
    EXPECT_EQ(fake.label, 1);
    EXPECT_EQ(fake.method, "Celeb-synthesis");
    EXPECT_EQ(fake.official, "test");
    EXPECT_EQ(fake.identities, (Names{"celeb:id0", "celeb:id1"}));
    EXPECT_EQ(videos.at("Celeb-real/id0_0000").identities, Names{"celeb:id0"});
    // All others are no test videos, which is not the same as nothing known.
    EXPECT_EQ(videos.at("Celeb-real/id0_0000").official, official_rest);
    EXPECT_EQ(notices, Names{});
    // A part of the dataset knows the list as well.
    EXPECT_EQ(find("Celeb-DF-v2/YouTube-real").at("YouTube-real/00170").official, "test");
    EXPECT_EQ(notices, Names{});
}

TEST_F(CelebFolder, VersionCaseAndFoldersBetween) {
    add("Celeb-DF-v1/celeb-REAL/videos/id3_0001.mp4");
    add_picture("Celeb-DF-v1/Celeb-Synthesis/frames/id3_id4_0001/000.png");
    add("mine/Celeb-real/id3_0001.mp4");
    const auto videos = find("Celeb-DF-v1");
    EXPECT_EQ(videos.at("Celeb-real/id3_0001").dataset, "Celeb-DF-v1");
    EXPECT_EQ(videos.at("Celeb-real/id3_0001").official, "");
    EXPECT_EQ(videos.at("Celeb-synthesis/id3_id4_0001").kind, SourceKind::folder);
    EXPECT_EQ(find("mine").at("Celeb-real/id3_0001").dataset, "Celeb-DF");
    // Otherwise the length of the list tells the version.
    std::string lines;
    for (int i = 0; i < 518; ++i) lines += "1 YouTube-real/" + std::to_string(i) + ".mp4\n";
    add("mine/LIST_of_testing_videos.txt", lines);
    EXPECT_EQ(find("mine").at("Celeb-real/id3_0001").dataset, "Celeb-DF-v2");
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_NE(notices[0].find("518 of 518 videos"), std::string::npos) << notices[0];
}

TEST_F(CelebFolder, WrongListsNameTheLine) {
    add_all();
    list("1 YouTube-real/00170.mp4\n0 YouTube-real/00001.mp4\n");
    expect_error([&] { find(); }, {"List_of_testing_videos.txt:2:", "1 for real and 0 for fake"});
    for (const char* wrong : {"YouTube-real/00170.mp4", "2 YouTube-real/00170.mp4", "1", "1 ../../etc/passwd",
                              "1 elsewhere/00170.mp4"}) {
        list(wrong);
        expect_error([&] { find(); }, {"List_of_testing_videos.txt:1:", "expected a line such as"});
    }
    list("\n\n");
    expect_error([&] { find(); }, {"List_of_testing_videos.txt", "found none"});
}

}  // namespace
}  // namespace unmask
