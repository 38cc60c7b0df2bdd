// SPDX-License-Identifier: Apache-2.0
#include "data/json_file.h"
#include "tests/data/lists/list_folder.h"

namespace unmask {
namespace {

class Exported : public ListFolder {
  protected:
    ManifestRow& add(ManifestRow row) {
        std::filesystem::create_directories((folder / row.path).parent_path());
        write_png(folder / row.path, Image(4, 4));
        manifest.directory = folder.path();
        manifest.rows.push_back(std::move(row));
        return manifest.rows.back();
    }
    void add_everything() {
        const std::string real = "FF/original_sequences/youtube/c23/frames/071/",
                          fake = "FF/manipulated_sequences/FaceSwap/c23/frames/071_054/";
        for (int frame : {0, 10})
            for (const char* split : {"train", "val"})  // the same file in two splits
                add({real + fmt::format("{:03}.png", frame), "original/071", split, "FaceForensics++",
                     "original", 0, frame, "youtube:071", "c23"});
        add({fake + "004.png", "FaceSwap/071_054", "test", "FaceForensics++", "FaceSwap", 1, 4,
             "youtube:071;youtube:054", "c23"});
        add({"dfd/000.png", "original/01__walk", "test", "FaceForensics++", "original", 0, 0, "actors:01",
             "raw"});
        add({"celeb/000.png", "Celeb-real/id0_0000", "test", "Celeb-DF-v2", "original", 0, 0, "celeb:id0"});
        add({"celeb/001.png", "Celeb-synthesis/id0_id1_0000", "test", "Celeb-DF-v2", "Celeb-synthesis", 1,
             7});
        // Whatever a person may call things.
        add({"my own/b c.png", "clip 1", "train", "mine", "original", 0, 3, "someone"});
        add({"my own/c.png", "clip 1", "train", "mine", "Swap/new", 1, 0, "someone", "c40"});
        add({"my own/d.png", "original/clip 1", "train", "mine", "original", 0, 0});
        add({"my own/e.png", "x", "val", "", "", 1, 0});
        add({"my own/f.png", "roop/1", "val", "roop", "strange", 1, 0});
    }
    TemporaryFolder elsewhere;
    Manifest manifest;
};

TEST_F(Exported, DeepfakeBenchHoldsEverythingThatHasASplit) {
    add_everything();
    const std::vector<ManifestRow> rows = manifest.rows;
    add({"my own/g.png", "left out", "", "mine", "original", 0, 0});
    for (const std::string root : {"", ".", "my own"}) {
        ExportOptions options;
        if (!root.empty()) options.root = folder / root;
        const ExportResult result = export_deepfakebench(manifest, folder / "bench.json", options);
        EXPECT_TRUE(mentions(result.notices, "1 of 14 rows have no split"));
        EXPECT_EQ(result.frames, 13);
        const ImportResult again = import("bench.json", root);
        EXPECT_TRUE(again.missing.empty()) << root;
        EXPECT_EQ(sorted(again.manifest.rows), sorted(rows)) << root;
    }
}

TEST_F(Exported, DeepfakeBenchFindsItsOwnNames) {
    add_everything();
    ExportOptions options;
    options.root = folder.path();
    export_deepfakebench(manifest, folder / "bench.json", options);
    const nlohmann::json json = read_json(folder / "bench.json");
    const nlohmann::json& video = json.at("FaceForensics++").at("FF-FS").at("test").at("c23").at("071_054");
    EXPECT_EQ(video.at("label"), "FF-FS");
    EXPECT_EQ(video.at("frames"),
              nlohmann::json::array({"FF/manipulated_sequences/FaceSwap/c23/frames/071_054/004.png"}));
    EXPECT_TRUE(json.at("FaceForensics++").at("FF-real").at("val").at("c23").contains("071"));
    EXPECT_TRUE(json.at("DeepFakeDetection").at("DFD_real").at("test").at("raw").contains("01__walk"));
    // Only the FaceForensics++ family has a level.
    EXPECT_TRUE(json.at("Celeb-DF-v2").at("CelebDFv2_fake").at("test").contains("id0_id1_0000"));
    EXPECT_TRUE(json.at("mine").at("mine_real").at("train").at("clip 1").contains("frames"));
}

TEST_F(Exported, DeepfakeBenchSaysWhatItNeeds) {
    add({"a.png", "original/071", "train", "FaceForensics++", "original", 0, 0});
    expect_error([&] { export_deepfakebench(manifest, folder / "bench.json"); },
                 {"original/071", "no compression", "FaceForensics++"});
    EXPECT_FALSE(std::filesystem::exists(folder / "bench.json"));
    ExportOptions options;
    options.compression = "c23";
    export_deepfakebench(manifest, folder / "bench.json", options);
    EXPECT_EQ(import("bench.json").manifest.rows.at(0).compression, "c23");
    manifest.rows[0] = {"a.png", "v", "train", "mine", "surreal", 1, 0};
    expect_error([&] { export_deepfakebench(manifest, folder / "bench.json"); },
                 {"mine_surreal", "reads as real"});
    manifest.rows[0] = {"a.png", "v\xff", "train", "mine", "swap", 1, 0};
    expect_error([&] { export_deepfakebench(manifest, folder / "other.json"); }, {"other.json", "UTF-8"});
    EXPECT_FALSE(std::filesystem::exists(folder / "other.json"));
    manifest.rows[0].split = "";
    expect_error([&] { export_deepfakebench(manifest, folder / "bench.json"); }, {"rows with a split"});
}

TEST_F(Exported, ListsHoldFoldersSplitsAndLabels) {
    const std::string real = "FF/original_sequences/youtube/c23/frames/071/",
                      fake = "FF/manipulated_sequences/FaceSwap/c23/frames/071_054/";
    for (const char* split : {"train", "val"})
        for (int frame : {0, 5})
            add({real + fmt::format("{:03}.png", frame), "original/071", split, "FaceForensics++", "original",
                 0, frame, "youtube:071", "c23"});
    add({fake + "010.png", "FaceSwap/071_054", "test", "FaceForensics++", "FaceSwap", 1, 10,
         "youtube:071;youtube:054", "c23"});
    for (const std::string root : {"", "FF"}) {
        ExportOptions options;
        if (!root.empty()) options.root = folder / root;
        const std::string lists = "lists" + root;
        const ExportResult result = export_txt_lists(manifest, folder / lists, options);
        EXPECT_EQ(result.files.size(), 3u);
        EXPECT_EQ(result.videos, 2);
        EXPECT_TRUE(result.notices.empty());
        const ImportResult again = import(lists, root);
        EXPECT_TRUE(again.missing.empty());
        EXPECT_EQ(sorted(again.manifest.rows), sorted(manifest.rows)) << root;
    }
    EXPECT_EQ(file_content(folder / "listsFF/train_real.txt"),
              "0,original_sequences/youtube/c23/frames/071,2\n");
    expect_error([&] { export_txt_lists(manifest, folder / "lists"); },
                 {"train_real.txt", "is there already"});
}

TEST_F(Exported, ListsSayWhatTheyCannotHold) {
    add({"a/1.png", "v", "train", "mine", "original", 0, 1});
    add({"a/2.png", "v", "", "mine", "original", 0, 2});
    const ExportResult result = export_txt_lists(manifest, elsewhere / "lists");
    EXPECT_TRUE(mentions(result.notices, "1 of 2 rows have no split"));
    EXPECT_TRUE(mentions(result.notices, "1 pictures lie in the listed folders and not in the manifest"));
    add({"a/3.png", "w", "train", "mine", "original", 0, 3});
    expect_error([&] { export_txt_lists(manifest, elsewhere / "other"); },
                 {"\"v\" and \"w\"", "a folder for each"});
    EXPECT_FALSE(std::filesystem::exists(elsewhere / "other"));
    manifest.rows.pop_back();
    manifest.rows[1].split = "test";  // split by frame
    expect_error([&] { export_txt_lists(manifest, elsewhere / "other"); },
                 {"/a: ", "1 of its 2 pictures are in test", "--deepfakebench"});
    manifest.rows = {{"a\nb/1.png", "v", "train", "mine", "original", 0, 1}};
    expect_error([&] { export_txt_lists(manifest, elsewhere / "other"); }, {"line end"});
}

}  // namespace
}  // namespace unmask
