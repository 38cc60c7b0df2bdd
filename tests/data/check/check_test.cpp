// SPDX-License-Identifier: Apache-2.0
#include "data/check/check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "data/picture.h"
#include "data/shard/shard.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

using Items = std::vector<std::string>;

class CheckedFolder : public ::testing::Test {
  protected:
    // A picture that no other number gives.
    void picture(const std::string& name, int number) {
        std::filesystem::create_directories((folder / name).parent_path());
        Image image(6, 4);
        for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = uint8_t(number * 37 + int(i));
        image.pixels[0] = uint8_t(number);
        image.pixels[1] = uint8_t(number >> 8);
        write_png(folder / name, image);
    }
    // A row and its picture.
    ManifestRow& add(const std::string& name, const std::string& video, const std::string& split, int label,
                     const std::string& identity = "") {
        picture(name, next_++);
        manifest.rows.push_back({name, video, split, "set", label == 0 ? "original" : "swap", label, 0,
                                 identity.empty() ? "who:" + video : identity});
        return manifest.rows.back();
    }
    void add_clean() {
        for (const std::string split : {"train", "val", "test"})
            for (int label : {0, 1})
                for (int frame : {0, 1})
                    add(fmt::format("{}/{}/{}.png", split, label, frame), fmt::format("{}{}", split, label),
                        split, label);
    }
    CheckReport check(const CheckOptions& options = {}) {
        manifest.directory = folder.path();
        return check_manifests({manifest}, options);
    }
    static Items kinds(const CheckReport& report) {
        Items names;
        for (const Finding& finding : report.findings) names.emplace_back(to_string(finding.kind));
        return names;
    }
    std::string file(const std::string& name) { return (folder / name).string(); }

    TemporaryFolder folder;
    Manifest manifest;
    int next_ = 1;
};

TEST_F(CheckedFolder, CleanDataHasNoFindings) {
    add_clean();
    const CheckReport report = check();
    EXPECT_EQ(kinds(report), Items{});
    EXPECT_FALSE(report.has_problem());
    EXPECT_TRUE(report.notices.empty());
    EXPECT_EQ(report.rows, 12);
    EXPECT_EQ(report.files, 12);
    ASSERT_EQ(report.sides.size(), 3u);
    EXPECT_EQ(report.sides[2].name, "test");
    EXPECT_EQ(report.sides[2].real_rows, 2);
    EXPECT_EQ(report.sides[2].fake_videos, 1);
}

TEST_F(CheckedFolder, MissingAndBrokenFilesAreNamed) {
    add_clean();
    std::filesystem::rename(folder / "val", folder / "Val");
    write_content(folder / "test/1/0.png", "no picture");
    std::filesystem::resize_file(folder / "test/1/1.png", 40);
    std::filesystem::remove(folder / "train/0/1.png");
    std::filesystem::create_directory(folder / "train/0/1.png");
    const CheckReport report = check();
    ASSERT_EQ(kinds(report), (Items{"missing_file", "unreadable_file"}));
    EXPECT_TRUE(report.has_problem());
    const Finding& missing = report.findings[0];
    ASSERT_EQ(missing.items.size(), 4u);
    EXPECT_EQ(missing.items[0].what, file("val/0/0.png"));
    EXPECT_EQ(missing.items[0].detail, file("Val/0/0.png"));
    const Finding& broken = report.findings[1];
    ASSERT_EQ(broken.items.size(), 3u);
    EXPECT_EQ(broken.items[0].what, file("test/1/0.png"));
    EXPECT_NE(broken.items[0].detail.find("not a picture"), std::string::npos) << broken.items[0].detail;
    EXPECT_NE(broken.items[1].detail.find("truncated"), std::string::npos) << broken.items[1].detail;
    EXPECT_EQ(broken.items[1].detail.find(folder.path().string()), std::string::npos);
    // Without opening anything only the missing ones are found, and the report says so.
    const CheckReport quick = check({.quick = true});
    EXPECT_EQ(kinds(quick), Items{"missing_file"});
    ASSERT_EQ(quick.notices.size(), 1u);
    EXPECT_NE(quick.notices[0].find("no file was opened"), std::string::npos);
}

TEST_F(CheckedFolder, VideosAndIdentitiesOnBothSides) {
    add_clean();
    add("train/more.png", "test0", "train", 0);  // its identity comes along
    add("val/person.png", "new", "val", 1, "who:x;who:train1");
    const CheckReport report = check();
    ASSERT_EQ(kinds(report), (Items{"video_leak", "identity_leak"}));
    ASSERT_EQ(report.findings[0].items.size(), 1u);
    EXPECT_EQ(report.findings[0].items[0].what, "set/original/test0");
    EXPECT_EQ(report.findings[0].items[0].sides, (Items{"test", "train"}));
    ASSERT_EQ(report.findings[1].items.size(), 2u);
    EXPECT_EQ(report.findings[1].items[0].what, "who:test0");
    EXPECT_EQ(report.findings[1].items[1].what, "who:train1");
    EXPECT_EQ(report.findings[1].items[1].sides, (Items{"train", "val"}));
}

TEST_F(CheckedFolder, AnIdOfTwoMethodsOrDatasetsIsTwoVideos) {
    add_clean();
    add("a.png", "071_054", "train", 1, "p:a").method = "FaceSwap";
    add("b.png", "071_054", "test", 1, "p:b").method = "Deepfakes";
    add("c.png", "071_054", "val", 1, "p:c").dataset = "other";
    EXPECT_EQ(kinds(check()), Items{});
}

TEST_F(CheckedFolder, TheSameFileOrContentTwice) {
    add_clean();
    manifest.rows.push_back(manifest.rows[0]);  // a row twice
    manifest.rows.push_back(manifest.rows[1]);  // and in another split, spelled otherwise
    manifest.rows.back().path = "train/./0/../0/1.png";
    manifest.rows.back().split = "test";
    std::filesystem::copy_file(folder / "val/0/0.png", folder / "copy.png");
    manifest.rows.push_back({"copy.png", "copied", "test", "set", "original", 0, 0, "who:copied"});
    std::filesystem::copy_file(folder / "val/1/0.png", folder / "again.png");
    manifest.rows.push_back({"again.png", "again", "val", "set", "original", 0, 0, "who:again"});
    const CheckReport report = check();
    ASSERT_EQ(kinds(report), (Items{"two_labels", "file_leak", "content_leak", "video_leak", "identity_leak",
                                    "repeated_file", "repeated_content"}));
    EXPECT_EQ(report.findings[0].items[0].what, file("val/1/0.png"));
    EXPECT_EQ(report.findings[0].items[0].detail, file("again.png"));
    ASSERT_EQ(report.findings[1].items.size(), 1u);
    EXPECT_EQ(report.findings[1].items[0].what, file("train/0/1.png"));
    EXPECT_EQ(report.findings[1].items[0].sides, (Items{"test", "train"}));
    ASSERT_EQ(report.findings[2].items.size(), 1u);
    EXPECT_EQ(report.findings[2].items[0].what, file("val/0/0.png"));
    EXPECT_EQ(report.findings[2].items[0].detail, file("copy.png"));
    EXPECT_EQ(report.findings[5].items[0].what, file("train/0/0.png"));
    EXPECT_EQ(report.findings[5].items[0].detail, "2 rows");
}

TEST_F(CheckedFolder, OneFileWithBothLabelsIsNamedOnce) {
    add_clean();
    manifest.rows.push_back(manifest.rows[0]);
    manifest.rows.back().label = 1;
    const CheckReport report = check();
    ASSERT_EQ(kinds(report), (Items{"two_labels", "repeated_file"}));
    ASSERT_EQ(report.findings[0].items.size(), 1u);
    EXPECT_EQ(report.findings[0].items[0].what, file("train/0/0.png"));
    EXPECT_EQ(report.findings[0].items[0].sides, Items{"train"});
}

// What belongs to no split is read by nobody.
TEST_F(CheckedFolder, RowsWithoutASplitLeakNowhere) {
    add_clean();
    manifest.rows.push_back(manifest.rows[0]);
    manifest.rows.back().split.clear();
    std::filesystem::copy_file(folder / "val/0/0.png", folder / "copy.png");
    manifest.rows.push_back({"copy.png", "val0", "", "set", "original", 0, 0, "who:val0"});
    EXPECT_EQ(kinds(check()), Items{"repeated_content"});
}

// Problems end the program with 1, the other findings do not.
TEST(FindingKind, SaysWhetherItIsAProblem) {
    for (const FindingKind kind :
         {FindingKind::missing_file, FindingKind::unreadable_file, FindingKind::two_labels,
          FindingKind::file_leak, FindingKind::content_leak, FindingKind::video_leak,
          FindingKind::identity_leak, FindingKind::same_validation}) {
        EXPECT_TRUE(is_problem(kind)) << to_string(kind);
        EXPECT_TRUE((CheckReport{.findings = {{kind, {}}}}).has_problem()) << to_string(kind);
    }
    for (const FindingKind kind : {FindingKind::repeated_file, FindingKind::repeated_content,
                                   FindingKind::one_class, FindingKind::imbalance}) {
        EXPECT_FALSE(is_problem(kind)) << to_string(kind);
        EXPECT_FALSE((CheckReport{.findings = {{kind, {}}}}).has_problem()) << to_string(kind);
    }
}

TEST_F(CheckedFolder, ValidationThatIsTheTest) {
    add_clean();
    std::erase_if(manifest.rows, [](const ManifestRow& row) { return row.split == "val"; });
    const std::vector<ManifestRow> rows = manifest.rows;
    for (ManifestRow row : rows)
        if (row.split == "test") {
            row.split = "val";
            manifest.rows.push_back(row);
        }
    CheckReport report = check();
    EXPECT_EQ(kinds(report), (Items{"file_leak", "video_leak", "identity_leak", "same_validation"}));
    EXPECT_EQ(report.findings[3].items[0].detail, "the same 2 videos");
    // Two videos of three are a leak, not the same.
    add("more.png", "more", "val", 0);
    report = check();
    EXPECT_EQ(kinds(report), (Items{"file_leak", "video_leak", "identity_leak"}));
}

TEST_F(CheckedFolder, ClassesAreCounted) {
    for (int i = 0; i < 11; ++i)
        add(fmt::format("t{}.png", i), fmt::format("t{}", i), "train", i == 0 ? 0 : 1);
    add("v.png", "v", "val", 1);
    CheckReport report = check();
    ASSERT_EQ(kinds(report), Items{"one_class"});  // ten to one is still accepted
    EXPECT_EQ(report.findings[0].items[0].what, "val");
    EXPECT_EQ(report.findings[0].items[0].detail, "0 real and 1 fake rows");
    EXPECT_FALSE(report.has_problem());
    add("t.png", "t", "train", 1);
    report = check();
    ASSERT_EQ(kinds(report), (Items{"one_class", "imbalance"}));
    EXPECT_EQ(report.findings[1].items[0].detail, "1 real and 11 fake rows");
    add("left out.png", "l", "", 1);  // used by nobody
    EXPECT_EQ(check().findings[0].items.size(), 1u);
}

// A shard holds the pictures of the files it was packed from, as files or as pixels of one size.
TEST_F(CheckedFolder, CopiesAreFoundBetweenFilesAndShards) {
    manifest.directory = folder.path();
    add("a.png", "a", "", 0);
    add("b.png", "b", "", 1);
    const auto copies_in = [](const CheckReport& report) {
        const auto found = std::ranges::find(report.findings, FindingKind::content_leak, &Finding::kind);
        return found == report.findings.end() ? size_t(0) : found->items.size();
    };
    for (int size : {0, 5, 8}) pack_shard(manifest, folder / fmt::format("{}.shard", size), {.size = size});
    for (int size : {0, 5}) {
        const Manifest packed = read_manifest(folder / fmt::format("{}.shard", size));
        EXPECT_EQ(copies_in(check_manifests({manifest, packed})), 2u) << size;
        EXPECT_EQ(copies_in(check_manifests({packed, manifest})), 2u) << size;
    }
    const std::vector<Manifest> two{read_manifest(folder / "0.shard"), read_manifest(folder / "5.shard")};
    EXPECT_EQ(copies_in(check_manifests(two)), 2u);
    EXPECT_TRUE(check_manifests(two).notices.empty());
    const CheckReport apart =
        check_manifests({read_manifest(folder / "8.shard"), read_manifest(folder / "5.shard")});
    EXPECT_EQ(copies_in(apart), 0u);
    ASSERT_EQ(apart.notices.size(), 1u);
    EXPECT_NE(apart.notices[0].find("shards of several sizes"), std::string::npos) << apart.notices[0];
    // Other pictures are no copies.
    picture("a.png", 900);
    EXPECT_EQ(copies_in(check_manifests({manifest, read_manifest(folder / "5.shard")})), 1u);
}

TEST_F(CheckedFolder, SeveralManifestsAreTrainAgainstTest) {
    manifest.directory = folder.path();
    add("a.png", "a", "", 0);
    add("b.png", "b", "", 1);
    Manifest other = manifest;
    EXPECT_EQ(kinds(check()), Items{});  // one manifest without splits has no sides
    EXPECT_EQ(kinds(check_manifests({manifest, other})), (Items{"file_leak", "video_leak", "identity_leak"}));
    for (ManifestRow& row : other.rows) row.dataset = "unrelated";
    EXPECT_EQ(kinds(check_manifests({manifest, other})), (Items{"file_leak", "identity_leak"}));
    // A relative path means another file in another folder, also where there is no video column.
    const TemporaryFolder elsewhere;
    picture("a.png", 900);
    std::filesystem::rename(folder / "a.png", elsewhere / "a.png");
    picture("a.png", 901);
    const ManifestRow row{.path = "a.png", .video = "a.png"};
    const std::vector<Manifest> two{{folder.path(), {row}}, {elsewhere.path(), {row}}};
    const CheckReport report = check_manifests(two);
    EXPECT_EQ(kinds(report), Items{"one_class"});
    ASSERT_EQ(report.notices.size(), 1u);
    EXPECT_NE(report.notices[0].find("2 of 2 rows name no identity"), std::string::npos);
    expect_error([] { static_cast<void>(check_manifests({})); }, {"at least one manifest"});
}

}  // namespace
}  // namespace unmask
