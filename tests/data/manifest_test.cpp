// SPDX-License-Identifier: Apache-2.0
#include "data/manifest.h"

#include <gtest/gtest.h>

#include "data/csv_file.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class ManifestFile : public ::testing::Test {
  protected:
    Manifest read(const std::string& content) {
        write_content(folder / "faces.csv", content);
        return read_manifest(folder / "faces.csv");
    }
    void expect_broken(const std::string& content, std::vector<std::string> words) {
        words.push_back((folder / "faces.csv").string());
        expect_error([&] { read(content); }, words);
    }
    TemporaryFolder folder;
};

TEST_F(ManifestFile, ReadsBackWhatItWrote) {
    Manifest manifest{folder.path(), {}};
    manifest.rows.push_back(
        {"crops/a.png", "Deepfakes/519_515", "train", "FaceForensics++", "Deepfakes", 1, 17});
    manifest.rows.push_back({"a, b \"c\".png", "vidéo 1", "", "set, two", "original", 0, 0});
    manifest.rows.push_back({" leading and trailing ", "two\nlines", "test", "d", "m", 1, 123456789012});
    write_manifest(folder / "faces.csv", manifest);
    const Manifest again = read_manifest(folder / "faces.csv");
    EXPECT_EQ(again.rows, manifest.rows);
    EXPECT_EQ(again.directory, folder.path());
    const std::string content = file_content(folder / "faces.csv");
    EXPECT_EQ(content.substr(0, content.find('\n')), "path,label,video,frame,split,dataset,method");
    EXPECT_NE(content.find("crops/a.png,fake,Deepfakes/519_515,17,train,FaceForensics++,Deepfakes\n"),
              std::string::npos);
}

TEST_F(ManifestFile, ColumnsComeInAnyOrderAndOnlyTwoAreNeeded) {
    const Manifest manifest = read("\xEF\xBB\xBFlabel,extra,path\r\nREAL,x,a.png\r\n\r\n1,,b.png");
    ASSERT_EQ(manifest.rows.size(), 2u);
    EXPECT_EQ(manifest.rows[0], (ManifestRow{"a.png", "a.png", "", "", "", 0, 0}));
    EXPECT_EQ(manifest.rows[1], (ManifestRow{"b.png", "b.png", "", "", "", 1, 0}));
    EXPECT_EQ(manifest.file(manifest.rows[0]), folder / "a.png");
    EXPECT_EQ(manifest.file({"/abs/c.png"}), "/abs/c.png");
}

TEST_F(ManifestFile, IdentityAndCompressionAreThereWhereTheyAreKnown) {
    Manifest manifest{folder.path(), {}};
    manifest.rows.push_back({.path = "a.png", .video = "a", .identity = join_identities({"p;1", "q, 2"})});
    manifest.rows.push_back({.path = "b.png", .video = "b", .compression = "c23"});
    write_manifest(folder / "faces.csv", manifest);
    EXPECT_EQ(read_manifest(folder / "faces.csv").rows, manifest.rows);
    EXPECT_EQ(split_identities(manifest.rows[0].identity), (std::vector<std::string>{"p,1", "q, 2"}));
    EXPECT_EQ(split_identities(";a;;b;"), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(split_identities("").empty());
    manifest.rows.pop_back();
    write_manifest(folder / "faces.csv", manifest);
    const std::string content = file_content(folder / "faces.csv");
    EXPECT_EQ(content.substr(0, content.find('\n')), "path,label,video,frame,split,dataset,method,identity");
}

TEST_F(ManifestFile, ErrorsNameFileAndLine) {
    expect_broken("", {"empty"});
    expect_broken("path,label\n", {"no rows"});
    expect_broken("path,video\na,b\n", {"faces.csv:1:", "column \"label\"", "found: path,video"});
    expect_broken("file,label\na,0\n", {"column \"path\""});
    expect_broken("path,label,path\na,0,b\n", {"\"path\" appears twice"});
    expect_broken("path,label\na,0\nb,2\n", {"faces.csv:3:", "real, fake, 0 or 1", "\"2\""});
    expect_broken("path,label,frame\na,0,1\n\nb,1,x7\n", {"faces.csv:4:", "frame number", "\"x7\""});
    expect_broken("path,label,frame\na,0,-1\n", {"faces.csv:2:", "0 or more"});
    expect_broken("path,label\n\"a\nb\",0\nc,fake,3\n", {"faces.csv:4:", "expected 2 fields", "found 3"});
    expect_broken("path,label\n,0\n", {"faces.csv:2:", "path is empty"});
    expect_broken("path,label,split\na,0,training\n", {"faces.csv:2:", "train, val, test", "\"training\""});
    expect_broken("path,label\na,0\n\"b,0\nc,1\n", {"faces.csv:3:", "never closed"});
    expect_broken("path,label\na\"b,0\n", {"faces.csv:2:", "quote"});
    expect_error([&] { static_cast<void>(read_manifest(folder / "none.csv")); },
                 {"none.csv", "no such file"});
}

TEST_F(ManifestFile, MissingFilesAreCountedAndTheFirstFiveNamed) {
    Manifest manifest{folder.path(), {}};
    write_content(folder / "there.png", "x");
    manifest.rows.push_back({"there.png", "v"});
    EXPECT_NO_THROW(check_files(manifest));
    for (int i = 0; i < 7; ++i) manifest.rows.push_back({"gone" + std::to_string(i) + ".png", "v"});
    manifest.rows.push_back({"gone0.png", "v"});
    EXPECT_EQ(missing_files(manifest).size(), 7u);
    write_manifest(folder / "faces.csv", manifest);
    expect_error([&] { check_files(read_manifest(folder / "faces.csv")); },
                 {(folder / "faces.csv").string() + ": 7 of the manifest's 9 rows"});
    expect_error([&] { check_files(manifest); },
                 {"7 of the manifest's 9 rows", "gone4.png, …", folder.path().string()});
    try {
        check_files(manifest);
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find("gone5"), std::string::npos);
    }
}

TEST_F(ManifestFile, AFolderIsNamedWithTheManifestInIt) {
    expect_error([&] { static_cast<void>(read_manifest(folder.path())); }, {"found a folder"});
    read("path,label\na.png,real\n");
    expect_error([&] { static_cast<void>(read_manifest(folder.path())); },
                 {"found a folder; its manifest is", (folder / "faces.csv").string()});
}

}  // namespace
}  // namespace unmask
