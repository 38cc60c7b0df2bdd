// SPDX-License-Identifier: Apache-2.0
#include "tests/data/layouts/layout_folder.h"

namespace unmask {
namespace {

class DfdcFolder : public LayoutFolder {
  protected:
    void add_part() {
        for (const char* name : {"aa", "bb", "cc"}) add(std::string("dfdc_train_part_0/") + name + ".mp4");
        metadata(R"({"aa.mp4": {"label": "REAL", "split": "train", "original": null},
                     "bb.mp4": {"label": "FAKE", "split": "train", "original": "aa.mp4"},
                     "cc.mp4": {"label": "REAL", "split": "train"}})");
    }
    void metadata(const std::string& text) { add("dfdc_train_part_0/metadata.json", text); }
};

TEST_F(DfdcFolder, TrainingPartsAndTest) {
    add_part();
    auto videos = find();
    const SourceVideo& fake = videos.at("dfdc_train_part_0/bb");
    EXPECT_EQ(fake.label, 1);
    EXPECT_EQ(fake.dataset, "DFDC");
    EXPECT_EQ(fake.method, "DFDC");
    EXPECT_EQ(fake.identities, Names{"dfdc:aa"});
    EXPECT_EQ(fake.official, "");
    EXPECT_EQ(videos.at("dfdc_train_part_0/aa").identities, Names{"dfdc:aa"});
    EXPECT_EQ(videos.at("dfdc_train_part_0/cc").label, 0);
    // With the official test beside it the part is for training and validation.
    add("test/dd.mp4");
    add("test/ee.mp4");
    add("test/labels.csv", "filename,label\ndd.mp4,1\nee.mp4,0\n");
    videos = find();
    ASSERT_EQ(videos.size(), 5u);
    EXPECT_EQ(videos.at("test/dd").label, 1);
    EXPECT_EQ(videos.at("test/ee").label, 0);
    EXPECT_EQ(videos.at("test/ee").method, "original");
    EXPECT_EQ(videos.at("test/ee").official, "test");
    EXPECT_EQ(videos.at("dfdc_train_part_0/aa").official, official_rest);
}

TEST_F(DfdcFolder, AListMaySayWhatIsValidationAndTest) {
    for (const char* name : {"aa", "bb", "cc"}) add(std::string("dfdc_train_part_0/") + name + ".mp4");
    metadata(R"({"aa.mp4": {"label": "REAL", "split": "val"},
                 "bb.mp4": {"label": "REAL", "split": "validation"},
                 "cc.mp4": {"label": "REAL", "split": "test"}})");
    const auto videos = find();
    EXPECT_EQ(videos.at("dfdc_train_part_0/aa").official, "val");
    EXPECT_EQ(videos.at("dfdc_train_part_0/bb").official, "val");
    EXPECT_EQ(videos.at("dfdc_train_part_0/cc").official, "test");
}

// As prepare of other programs leaves them: each video a folder of its name below one named frames.
TEST_F(DfdcFolder, FoldersOfFramesAreVideos) {
    metadata(R"({"aa.mp4": {"label": "REAL"}, "bb.mp4": {"label": "FAKE", "original": "aa.mp4"}})");
    add_picture("dfdc_train_part_0/frames/aa/000.png");
    add_picture("dfdc_train_part_0/frames/bb.mp4/000.png");
    const auto videos = find();
    EXPECT_EQ(videos.at("dfdc_train_part_0/aa").kind, SourceKind::folder);
    EXPECT_EQ(videos.at("dfdc_train_part_0/bb").label, 1);
}

TEST_F(DfdcFolder, WhatTheListsMissIsNoGuess) {
    add_part();
    add("dfdc_train_part_0/zz.mp4");
    expect_error([&] { find(); }, {"zz.mp4", "is not in", "metadata.json"});
    std::filesystem::remove(folder / "dfdc_train_part_0/zz.mp4");
    std::filesystem::remove(folder / "dfdc_train_part_0/bb.mp4");
    EXPECT_EQ(ids(), (Names{"dfdc_train_part_0/aa", "dfdc_train_part_0/cc"}));
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_NE(notices[0].find("1 of 3 videos"), std::string::npos) << notices[0];
    EXPECT_NE(notices[0].find("such as bb"), std::string::npos) << notices[0];
    // For a single file the list is not expected to be complete.
    EXPECT_EQ(ids("dfdc_train_part_0/aa.mp4"), Names{"dfdc_train_part_0/aa"});
    EXPECT_EQ(notices, Names{});
}

TEST_F(DfdcFolder, BrokenListsAreNamed) {
    add_part();
    metadata("{\"aa.mp4\": {\"label\": \"REAL\"");
    expect_error([&] { find(); }, {"metadata.json", "expected JSON"});
    metadata(R"({"aa.mp4": {"label": "PERHAPS"}})");
    expect_error([&] { find(); }, {"metadata.json", "\"label\"", "aa.mp4", "PERHAPS"});
    metadata(R"({"aa.mp4": {"label": "REAL"}, "bb.mp4": 7})");
    expect_error([&] { find(); }, {"metadata.json", "bb.mp4", "found 7"});
    metadata(R"({"aa.mp4": {"label": "FAKE", "original": 1e999}})");
    expect_error([&] { find(); }, {"metadata.json"});
    metadata(R"({"aa.mp4": {"label": "FAKE", "original": ["x"]}})");
    expect_error([&] { find(); }, {"metadata.json", "\"original\"", "aa.mp4"});
    metadata(R"({"aa.mp4": {"label": "REAL"}, "x/aa.mp4": {"label": "REAL"}})");
    expect_error([&] { find(); }, {"metadata.json", "two videos", "aa"});
    metadata("[1, 2]");
    expect_error([&] { find(); }, {"metadata.json", "found [1,2]"});
    metadata(std::string(100000, '['));
    expect_error([&] { find(); }, {"metadata.json", "expected JSON"});
}

TEST_F(DfdcFolder, LabelsAreNumbersInKnownColumns) {
    add("test/dd.mp4");
    add("test/labels.csv", "filename,label\ndd.mp4,FAKE\n");
    expect_error([&] { find(); }, {"labels.csv:2:", "0 (real) or 1 (fake)", "FAKE"});
    add("test/labels.csv", "filename,label\ndd.mp4\n");
    expect_error([&] { find(); }, {"labels.csv:2:", "expected 2 fields"});
    add("test/labels.csv", "filename,label\ndd.mp4,1\ndd.mp4,0\n");
    expect_error([&] { find(); }, {"labels.csv:3:", "twice"});
    // Files of these names that are not the dataset's do not disturb other layouts.
    add("set/real/a.mp4");
    add("set/real/labels.csv", "who,when\nme,now\n");
    add("set/real/metadata.json", R"({"camera": "old", "year": {"from": 1999}})");
    EXPECT_EQ(ids("set"), Names{"real/a"});
}

class PreviewFolder : public LayoutFolder {
  protected:
    void add_all() {
        add("original_videos/10/10_A_001.mp4");
        add("original_videos/11/11_A_001.mp4");
        add("method_A/10/10_A_001.mp4");
        add("method_B/11/11_A_001.mp4");
        list(
            R"({"original_videos/10/10_A_001.mp4": {"label": "real", "set": "train", "target_id": "10", "swapped_id": null},
                 "original_videos/11/11_A_001.mp4": {"label": "real", "set": "test"},
                 "method_A/10/10_A_001.mp4": {"label": "fake", "set": "train", "target_id": 10, "swapped_id": "12"},
                 "method_B/11/11_A_001.mp4": {"label": "fake", "set": "test", "target_id": "11", "swapped_id": "13"}})");
    }
    void list(const std::string& text) { add("dataset.json", text); }
};

TEST_F(PreviewFolder, SetsAndActors) {
    add_all();
    const auto videos = find();
    ASSERT_EQ(ids(), (Names{"method_A/10/10_A_001", "method_B/11/11_A_001", "original_videos/10/10_A_001",
                            "original_videos/11/11_A_001"}));
    const SourceVideo& fake = videos.at("method_A/10/10_A_001");
    EXPECT_EQ(fake.label, 1);
    EXPECT_EQ(fake.dataset, "DFDC-Preview");
    EXPECT_EQ(fake.method, "method_A");
    EXPECT_EQ(fake.official, official_rest);
    EXPECT_EQ(fake.identities, (Names{"dfdcp:10", "dfdcp:12"}));
    const SourceVideo& real = videos.at("original_videos/11/11_A_001");
    EXPECT_EQ(real.method, "original");
    EXPECT_EQ(real.official, "test");
    EXPECT_EQ(real.identities, Names{"dfdcp:11"});  // by its folder, since the list does not say
    EXPECT_EQ(ids("method_B"), Names{"method_B/11/11_A_001"});
}

TEST_F(PreviewFolder, FoldersOfFramesAreVideos) {
    add_all();
    std::filesystem::remove_all(folder / "method_A");
    add_picture("method_A/10/frames/10_A_001/000.png");
    const SourceVideo fake = find().at("method_A/10/10_A_001");
    EXPECT_EQ(fake.kind, SourceKind::folder);
    EXPECT_EQ(fake.identities, (Names{"dfdcp:10", "dfdcp:12"}));
}

TEST_F(PreviewFolder, BrokenListsAreNamed) {
    add_all();
    list(R"({"original_videos/10/10_A_001.mp4": {"label": "real", "set": "training"}})");
    expect_error([&] { find(); }, {"dataset.json", "\"set\"", "training"});
    list(R"({"original_videos/10/10_A_001.mp4": {"label": 0, "set": "train"}})");
    expect_error([&] { find(); }, {"dataset.json", "\"label\"", "10_A_001"});
    list(R"({"original_videos/10/10_A_001.mp4": {"label": "real", "set": "train", "target_id": 1.5}})");
    expect_error([&] { find(); }, {"dataset.json", "target_id", "1.5"});
    list(R"({"original_videos/10/10_A_001.mp4": {"label": "real", "set": "train"}})");
    expect_error([&] { find(); }, {"is not in", "dataset.json"});
    list("[]");
    expect_error([&] { find(); }, {"dataset.json", "expected an object"});
}

}  // namespace
}  // namespace unmask
