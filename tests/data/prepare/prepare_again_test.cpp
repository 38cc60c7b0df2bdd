// SPDX-License-Identifier: Apache-2.0
// Preparing into a folder that holds something already: what is taken over, redone, added or refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>

#include "data/folder_lock.h"
#include "data/manifest.h"
#include "tests/data/prepare/prepare_fixture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

TEST_F(Preparing, ASecondRunTakesEverythingOver) {
    prepare_faces(options());
    const auto before = crop_times();
    const std::string manifest = file_content(output / "faces.csv");
    const PrepareReport again = prepare_faces(options());
    EXPECT_EQ(again.reused, 6);
    EXPECT_EQ(again.rows, 18);
    EXPECT_EQ(crop_times(), before);
    EXPECT_EQ(file_content(output / "faces.csv"), manifest);
}

TEST_F(Preparing, AnInterruptedRunContinues) {
    auto one_worker = options();
    one_worker.threads = 1;
    struct Interrupted {};
    const auto stop_after_two = [](int64_t done, int64_t, const std::string&) {
        if (done == 2) throw Interrupted();
    };
    EXPECT_THROW(prepare_faces(one_worker, stop_after_two), Interrupted);
    EXPECT_FALSE(fs::exists(output / "faces.csv"));
    // What a kill in the middle of a video leaves behind: a crop without a record, and half of the next one.
    // What is somebody else's stays.
    const fs::path crops = output / "crops/set/real/v0";
    for (const char* name :
         {"000099.png", "1000099.png", "000100.png.tmp77", "landmarks.csv", "landmarks.csv.tmp77"})
        write_content(crops / name, "half a file");
    const std::set<std::string> others{"notes.txt", "000099.png.bak", "99.png", "x000099.png"};
    for (const std::string& name : others) write_content(crops / name, "mine");
    const PrepareReport report = prepare_faces(one_worker);
    EXPECT_EQ(report.reused, 2);
    EXPECT_EQ(report.rows, 18);
    for (const std::string& name : others) {
        EXPECT_EQ(file_content(crops / name), "mine");
        fs::remove(crops / name);
    }
    EXPECT_EQ(crop_times().size(), 18u);
}

TEST_F(Preparing, IsStoppedWithinAVideoAndGoesOn) {
    auto stopped = options();
    stopped.threads = 1;
    int64_t asked = 0;
    int64_t last = 4;
    stopped.stop = [&] { return ++asked > last; };
    for (; last < 8; ++last) {  // one video after the other is done, the next one stopped a frame later
        asked = 0;
        EXPECT_THROW(prepare_faces(stopped), PrepareStopped) << last;
        EXPECT_FALSE(fs::exists(output / "faces.csv"));
    }
    const PrepareReport report = prepare_faces(options());
    EXPECT_GT(report.reused, 0);
    EXPECT_LT(report.reused, 6);
    EXPECT_TRUE(report.failures().empty());
    EXPECT_EQ(report.rows, 18);
}

TEST_F(Preparing, OneAtATime) {
    prepare_faces(options());
    const FolderLock other(output, "preparing into this folder");
    expect_error([&] { prepare_faces(options()); },
                 {output.filename().string(), "another process is preparing into this folder", ".lock"});
}

TEST_F(Preparing, ChangesAreRedone) {
    prepare_faces(options());
    auto changed = options();
    changed.frames = 2;
    changed.overwrite = true;
    EXPECT_EQ(prepare_faces(changed).reused, 0);
    EXPECT_EQ(crop_times().size(), 12u);
    changed.size = 32;
    EXPECT_EQ(prepare_faces(changed).reused, 0);
    EXPECT_EQ(read_picture(output / "crops/set/real/v0/000001.png").width, 32);
    // A changed source, a lost crop, a broken record: just that video.
    write_png(input / "real/v1/6.png", numbered_frame(6));
    EXPECT_EQ(prepare_faces(changed).reused, 5);
    fs::remove(output / "crops/set/fake/v0/000001.png");
    EXPECT_EQ(prepare_faces(changed).reused, 5);
    write_content(output / "records/set/fake/v2.json", "{\"fingerprint\": 3");
    EXPECT_EQ(prepare_faces(changed).reused, 5);
    EXPECT_EQ(prepare_faces(changed).reused, 6);
    // The split is no reason to cut faces again.
    changed.split.by = SplitBy::frame;
    const PrepareReport by_frame = prepare_faces(changed);
    EXPECT_EQ(by_frame.reused, 6);
    EXPECT_NE(by_frame.notices.at(0).find("too good"), std::string::npos);
}

TEST_F(Preparing, PicturesThatAreLeftOutAreCounted) {
    const PrepareReport report = prepare_faces(options());
    EXPECT_EQ(std::ranges::count_if(report.notices,
                                    [](const std::string& notice) {
                                        return notice.find("18 of the pictures are left out") !=
                                               std::string::npos;
                                    }),
              1);
    auto all = options();
    for (const int frames : {0, 6}) {
        all.output = folder / fmt::format("all-{}", frames);
        all.frames = frames;
        for (const std::string& notice : prepare_faces(all).notices)
            EXPECT_EQ(notice.find("left out"), std::string::npos) << notice;
    }
}

// Crops of two kinds are in no manifest.
TEST_F(Preparing, AnInterruptedRunWithOtherSettingsLeavesNoManifest) {
    prepare_faces(options());
    const std::string manifest = file_content(output / "faces.csv");
    auto smaller = options();
    smaller.size = 32;
    smaller.threads = 1;
    smaller.overwrite = true;
    const auto stop = [](int64_t, int64_t, const std::string&) { throw Error("stopped"); };
    EXPECT_THROW(prepare_faces(smaller, stop), Error);
    EXPECT_FALSE(fs::exists(output / "faces.csv"));
    EXPECT_FALSE(fs::exists(output / "prepare.json"));
    expect_error([&] { prepare_faces(options()); }, {"3 crops of 1 of these videos", "--overwrite"});
    auto back = options();
    back.overwrite = true;
    const PrepareReport again = prepare_faces(back);
    EXPECT_EQ(again.reused, 5);
    EXPECT_EQ(file_content(output / "faces.csv"), manifest);
    // With the same settings it stays.
    fs::remove(output / "records/set/fake/v2.json");
    EXPECT_THROW(prepare_faces(options(), stop), Error);
    EXPECT_EQ(file_content(output / "faces.csv"), manifest);
}

TEST_F(Preparing, ADatasetThatWasMovedIsTakenOver) {
    prepare_faces(options());
    fs::create_directory(folder / "elsewhere");
    fs::rename(input, folder / "elsewhere/set");
    PrepareOptions moved = options();
    moved.input = folder / "elsewhere/set";
    EXPECT_EQ(prepare_faces(moved).reused, 6);
    fs::rename(folder / "elsewhere/set", input);  // the records follow it
    EXPECT_EQ(prepare_faces(options()).reused, 6);
    // Something else under its name.
    fs::rename(input, folder / "elsewhere/set");
    write_png(folder / "elsewhere/set/real/v1/6.png", numbered_frame(6));
    expect_error([&] { prepare_faces(moved); }, {"elsewhere/set/real/v1", "which is not there any more",
                                                 "remove", "records/set/real/v1.json"});
}

TEST_F(Preparing, AnotherFolderIntoTheSameOutputAddsToTheManifest) {
    PrepareOptions real = options(), fake = options();
    real.input = input / "real";
    real.label = 0;
    fake.input = input / "fake";
    fake.label = 1;
    EXPECT_EQ(prepare_faces(real).rows, 9);
    const PrepareReport report = prepare_faces(fake);
    EXPECT_EQ(report.rows, 18);
    ASSERT_FALSE(report.notices.empty());
    EXPECT_NE(report.notices.back().find("9 faces of other videos"), std::string::npos)
        << report.notices.back();
    std::map<int, int> per_label;
    for (const ManifestRow& row : read_manifest(report.manifest).rows) ++per_label[row.label];
    EXPECT_EQ(per_label, (std::map<int, int>{{0, 9}, {1, 9}}));
    EXPECT_EQ(prepare_faces(fake).rows, 18);  // nothing twice
    fs::remove_all(output / "crops/real");
    EXPECT_EQ(prepare_faces(fake).rows, 9);  // only what is there
}

TEST_F(Preparing, ASourceReplacedByAnotherOfTheSameSizeIsRedone) {
    prepare_faces(options());
    const fs::path frame = input / "real/v1/3.png";
    fs::last_write_time(frame, fs::last_write_time(frame) + std::chrono::seconds(1));
    EXPECT_EQ(prepare_faces(options()).reused, 5);
    EXPECT_EQ(prepare_faces(options()).reused, 6);
}

TEST_F(Preparing, TwoSourcesOfOneNameAreRefusedAndNothingIsLost) {
    fs::create_directories(folder / "A");
    fs::create_directories(folder / "B");
    fs::copy(input / "real", folder / "A/videos", fs::copy_options::recursive);
    fs::copy(input / "fake", folder / "B/videos", fs::copy_options::recursive);
    PrepareOptions first = options(), second = options();
    first.input = folder / "A/videos";
    first.label = 0;
    second.input = folder / "B/videos";
    second.label = 1;
    second.frames = 2;
    prepare_faces(first);
    const auto crops = crop_times();
    const std::string manifest = file_content(output / "faces.csv");
    expect_error([&] { prepare_faces(second); },
                 {"A/videos/v0", "B/videos/v0", "both be video \"v0\"", "another output folder"});
    EXPECT_EQ(crop_times(), crops);
    EXPECT_EQ(file_content(output / "faces.csv"), manifest);
    EXPECT_EQ(prepare_faces(first).reused, 3);
}

TEST_F(Preparing, ADamagedManifestIsSaidBeforeTheWork) {
    prepare_faces(options());
    write_content(output / "faces.csv", "path,label\na.png,perhaps\n");
    auto other = options();
    other.frames = 2;
    other.overwrite = true;
    const auto no_work = [](int64_t, int64_t, const std::string& text) { ADD_FAILURE() << text; };
    expect_error([&] { prepare_faces(other, no_work); }, {"faces.csv:2:", "perhaps"});
    fs::remove(output / "faces.csv");
    write_content(output / "coverage.csv", "path,label\n");
    expect_error([&] { prepare_faces(other, no_work); }, {"coverage.csv:1:", "can be removed"});
}

TEST_F(Preparing, OneManifestHoldsCropsOfOneKind) {
    PrepareOptions real = options(), fake = options();
    real.input = input / "real";
    fake.input = input / "fake";
    fake.size = 32;
    const PrepareReport report = prepare_faces(real);
    EXPECT_EQ(read_crop_settings(report.manifest), (CropSettings{64, real.margin, "whole"}));
    expect_error([&] { prepare_faces(fake); }, {"faces.csv", "size 64", "size 32"});
    EXPECT_EQ(read_crop_settings(report.manifest)->size, 64);
    // All of it anew is no mixture.
    real.size = 32;
    real.overwrite = true;
    prepare_faces(real);
    EXPECT_EQ(read_crop_settings(report.manifest)->size, 32);
    EXPECT_EQ(prepare_faces(fake).rows, 18);
}

}  // namespace
}  // namespace unmask
