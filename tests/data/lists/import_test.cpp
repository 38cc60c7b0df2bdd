// SPDX-License-Identifier: Apache-2.0
// The paper's lists and folders of pictures.
#include "tests/data/lists/list_folder.h"

namespace unmask {
namespace {

const std::string forensics = "data/FF++/";

class TxtLists : public ListFolder {
  protected:
    void add_videos() {
        frames(forensics + "original_sequences/youtube/c23/071.mp4");
        frames(forensics + "manipulated_sequences/Deepfakes/c23/071_054.mp4");
        frames(forensics + "manipulated_sequences/FaceSwap/c23/071_054.mp4");
    }
    std::string absolute(const std::string& name) { return (folder / (forensics + name)).string(); }
};

TEST_F(TxtLists, FoldersBecomeRowsAndTheCountIsNotUsed) {
    add_videos();
    file("lists/train_real.txt",
         "0," + absolute("original_sequences/youtube/c23/071.mp4") + ",999999999999999999999\r\n");
    file("lists/train_fake.txt",
         "\n1," + absolute("manipulated_sequences/Deepfakes/c23/071_054.mp4") + ",0\n\n");
    const ImportResult result = import("lists");
    ASSERT_EQ(result.manifest.rows.size(), 4u);
    EXPECT_EQ(result.videos, 2);
    EXPECT_TRUE(result.missing.empty());
    EXPECT_TRUE(mentions(result.notices, "no val_real.txt, val_fake.txt, test_real.txt, test_fake.txt"));
    EXPECT_EQ(result.manifest.rows[1],
              (ManifestRow{forensics + "original_sequences/youtube/c23/071.mp4/010.png", "original/071",
                           "train", "FaceForensics++", "original", 0, 10, "youtube:071", "c23"}));
    EXPECT_EQ(result.manifest.rows[2],
              (ManifestRow{forensics + "manipulated_sequences/Deepfakes/c23/071_054.mp4/000.png",
                           "Deepfakes/071_054", "train", "FaceForensics++", "Deepfakes", 1, 0,
                           "youtube:071;youtube:054", "c23"}));
    // One of the lists alone.
    EXPECT_EQ(import("lists/train_fake.txt").manifest.rows.size(), 2u);
}

TEST_F(TxtLists, ThePublishedCorruptionIsRepairedWithANotice) {
    add_videos();
    file("lists/test_fake.txt", "1," + absolute("manipulated_sequences/Deepfakes/c23/071_054.mp4") +
                                    ",270\n1,FF++/manipulated_sequenceswap/c23/071_054.mp4,270\n");
    const ImportResult result = import("lists");
    ASSERT_TRUE(result.missing.empty());
    ASSERT_EQ(result.manifest.rows.size(), 4u);
    EXPECT_EQ(result.manifest.rows[2].path,
              forensics + "manipulated_sequences/FaceSwap/c23/071_054.mp4/000.png");
    EXPECT_EQ(result.manifest.rows[2].method, "FaceSwap");
    EXPECT_TRUE(
        mentions(result.notices, "test_fake.txt: 1 lines from line 2 on read manipulated_sequenceswap/"));
    EXPECT_TRUE(mentions(result.notices, "is taken as " + absolute("manipulated_sequences/FaceSwap")));
    // Without the list's absolute paths, --root says where the relative ones start.
    file("alone/test_fake.txt", "1,FF++/manipulated_sequenceswap/c23/071_054.mp4,270\n");
    EXPECT_EQ(import("alone", "data").manifest.rows.size(), 2u);
    EXPECT_EQ(import("alone").missing.size(), 1u);
}

TEST_F(TxtLists, SpacesAndCommasInPaths) {
    frames("my data/real ones/a, b.mp4");
    frames("my data/fake ones/c.mp4");
    file("my data/val_real.txt", "0,real ones/a, b.mp4,2\n");
    file("my data/val_fake.txt", "1,./fake ones/c.mp4,2\n");
    const ImportResult result = import("my data");
    ASSERT_EQ(result.manifest.rows.size(), 4u);
    EXPECT_EQ(result.manifest.rows[0], (ManifestRow{"my data/real ones/a, b.mp4/000.png", "real ones/a, b",
                                                    "val", "my data", "original", 0, 0}));
    EXPECT_EQ(result.manifest.rows[3].video, "fake ones/c");
    EXPECT_EQ(result.manifest.rows[3].method, "fake");
}

TEST_F(TxtLists, MissingFoldersAreNamedWithTheNearest) {
    add_videos();
    file("lists/test_fake.txt", "1," + absolute("manipulated_sequences/Deepfakes/c23/071_054.mp4") +
                                    ",2\n1," + absolute("manipulated_sequences/deepfake/c23/071_045.mp4") +
                                    ",2\n1," +
                                    absolute("manipulated_sequences/FaceSwap/c23/071_054.mp4/000.png") +
                                    ",2\n1," + absolute("manipulated_sequences/FaceSwap/c23") + ",2\n");
    const ImportResult result = import("lists");
    EXPECT_EQ(result.manifest.rows.size(), 2u);
    ASSERT_EQ(result.missing.size(), 3u);
    EXPECT_EQ(result.missing[0].where, (folder / "lists/test_fake.txt").string() + ":2");
    EXPECT_EQ(result.missing[0].nearest, absolute("manipulated_sequences/Deepfakes/c23/071_054.mp4"));
    EXPECT_EQ(result.missing[0].problem, "is not there");
    EXPECT_EQ(result.missing[1].problem, "is no folder of frames");
    EXPECT_EQ(result.missing[2].problem, "holds no pictures");
}

TEST_F(TxtLists, AMarkAtTheBeginningAndForeignLineEndsAreNoPartOfTheLines) {
    frames("a");
    file("lists/train_real.txt",
         "\xEF\xBB\xBF"
         "0," +
             (folder / "a").string() + ",2  \r\n\r\n");
    const ImportResult result = import("lists");
    EXPECT_EQ(result.manifest.rows.size(), 2u);
    EXPECT_TRUE(result.missing.empty());
}

TEST_F(TxtLists, WrongLinesAreNamed) {
    add_videos();
    const std::string good = "0," + absolute("original_sequences/youtube/c23/071.mp4") + ",2\n";
    const auto expect_line = [&](const std::string& line, const std::vector<std::string>& words) {
        file("lists/train_real.txt", good + line + "\n");
        std::vector<std::string> all{"train_real.txt:2:"};
        all.insert(all.end(), words.begin(), words.end());
        expect_broken("lists", all);
    };
    expect_line("0,/a/b", {"expected label,folder,frame count"});
    expect_line("/a/b 0 2", {"expected label"});
    expect_line("2,/a/b,2", {"expected label"});
    expect_line("0,/a/b,many", {"expected label"});
    expect_line("0,/a/b,-2", {"expected label"});
    expect_line("1,/a/b,2", {"expected label 0", "found 1"});
    expect_line("0,../../etc,2", {"leads out"});
    expect_line("0,,2", {"empty"});
    // Celeb-DF's own list has 1 for real: such a mistake shows where the layout is known.
    expect_line("0," + absolute("manipulated_sequences/FaceSwap/c23/071_054.mp4") + ",2",
                {"calls", "real", "FaceForensics++", "fake"});
    expect_broken("nowhere", {"nowhere", "no such file"});
    file("other.txt", "0,a,1\n");
    expect_broken("other.txt", {"other.txt", "{train,val,test}_{real,fake}.txt"});
}

TEST_F(TxtLists, LevelsOfOneVideoStayApart) {
    frames("FF/original_sequences/youtube/c23/frames/071");
    frames("FF/original_sequences/youtube/c40/frames/071");
    file("lists/train_real.txt",
         "0," + (folder / "FF/original_sequences/youtube/c23/frames/071").string() + ",2\n0," +
             (folder / "FF/original_sequences/youtube/c40/frames/071").string() + ",2\n");
    const ImportResult result = import("lists");
    ASSERT_EQ(result.manifest.rows.size(), 4u);
    EXPECT_EQ(result.manifest.rows[0].video, "original/c23/071");
    EXPECT_EQ(result.manifest.rows[2].video, "original/c40/071");
}

TEST_F(ListFolder, FoldersOfCroppedPicturesNeedNoList) {
    for (int i = 0; i < 3; ++i) {
        frames(fmt::format("crops/real/{}", i));
        frames(fmt::format("crops/fake/Swap/{}", i));
    }
    write_png(folder / "crops/real/alone.png", Image(4, 4));
    const ImportResult result = import("crops");
    ASSERT_EQ(result.manifest.rows.size(), 13u);
    EXPECT_EQ(result.videos, 7);
    std::set<std::pair<std::string, int>> sides;
    for (const ManifestRow& row : result.manifest.rows) sides.emplace(row.split, row.label);
    EXPECT_EQ(sides.size(), 6u);
    const ManifestRow& row = result.manifest.rows[1];
    EXPECT_EQ(row.path, "crops/fake/Swap/0/010.png");
    EXPECT_EQ(row.video, "fake/Swap/0");
    EXPECT_EQ(row.method, "Swap");
    EXPECT_EQ(row.frame, 10);
    EXPECT_EQ(row.identity, "crops:fake/Swap/0");
    ListImportOptions photos{.inputs = {folder / "crops"}, .manifest = folder / "faces.csv"};
    photos.pictures = PictureRule::photos;
    EXPECT_EQ(import_lists(photos).videos, 13);
    file("crops/real/clip.mp4", "x");
    expect_broken("crops", {"clip.mp4", "is a video", "unmask prepare"});
}

TEST(FrameNumber, IsTheLastNumberOfTheName) {
    EXPECT_EQ(frame_number("a/012.png", 5), 12);
    EXPECT_EQ(frame_number("071_054.jpg", 5), 54);
    EXPECT_EQ(frame_number("frame.png", 5), 5);
    EXPECT_EQ(frame_number("x99999999999999999999.png", 5), 5);
}

}  // namespace
}  // namespace unmask
