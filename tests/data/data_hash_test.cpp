// SPDX-License-Identifier: Apache-2.0
#include "data/data_hash.h"

#include <gtest/gtest.h>

#include "cpu/parallel.h"
#include "data/landmarks/landmark_file.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/atomic_file.h"
#include "tests/data/self_blend/drawn_landmarks.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr DataHashOptions by_names{DataHash::names}, forging{DataHash::contents, true};

// Three pictures, one with landmarks; the last row shows the first picture again.
class HashedData : public testing::Test {
  protected:
    HashedData() {
        Manifest made{.directory = folder_.path()};
        for (int i = 0; i < 3; ++i) {
            Image picture(8, 8);
            for (size_t k = 0; k < picture.pixels.size(); ++k) picture.pixels[k] = uint8_t(k + size_t(i));
            const std::string name = std::to_string(i) + ".png";
            write_png(folder_ / name, picture);
            made.rows.push_back({.path = name, .video = "v" + std::to_string(i), .label = i % 2});
        }
        made.rows.push_back(made.rows.front());
        write_manifest(folder_ / "faces.csv", made);
        write_landmarks(folder_.path(), {{"1.png", drawn_landmarks(8)}});
        write_crop_settings(folder_ / "faces.csv", {8, 1.3, "dlib"});
        manifest_ = read_manifest(folder_ / "faces.csv");
    }
    TemporaryFolder folder_;
    Manifest manifest_;
};

TEST_F(HashedData, ContentsTellAChangedByteThatSizesDoNot) {
    const std::string contents = data_hash(manifest_), names = data_hash(manifest_, by_names);
    EXPECT_EQ(contents.size(), std::string("contents:").size() + 16);
    EXPECT_EQ(data_hash(manifest_), contents);
    std::string bytes = bytes_of(folder_ / "2.png");
    bytes[40] = char(bytes[40] ^ 1);
    write_file_atomically(folder_ / "2.png", bytes);
    EXPECT_NE(data_hash(manifest_), contents);
    EXPECT_EQ(data_hash(manifest_, by_names), names);
    write_file_atomically(folder_ / "2.png", bytes + "x");
    EXPECT_NE(data_hash(manifest_, by_names), names);
    std::filesystem::remove(folder_ / "2.png");
    expect_error([&] { static_cast<void>(data_hash(manifest_)); }, {"2.png", "no such file"});
}

TEST_F(HashedData, PicturesThatChangePlacesAreOtherData) {
    const std::string before = data_hash(manifest_);
    std::filesystem::rename(folder_ / "1.png", folder_ / "aside");
    std::filesystem::rename(folder_ / "2.png", folder_ / "1.png");
    std::filesystem::rename(folder_ / "aside", folder_ / "2.png");
    EXPECT_NE(data_hash(manifest_), before);
}

TEST_F(HashedData, EveryColumnCounts) {
    const std::string before = data_hash(manifest_), names = data_hash(manifest_, by_names);
    const auto changed = [&](auto change) {
        Manifest other = manifest_;
        change(other.rows[1]);
        EXPECT_NE(data_hash(other, by_names), names);
        return data_hash(other);
    };
    EXPECT_NE(changed([](ManifestRow& row) { row.path = "0.png"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.video = "w"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.split = "val"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.dataset = "other"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.method = "other"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.label = 0; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.frame = 7; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.identity = "x"; }), before);
    EXPECT_NE(changed([](ManifestRow& row) { row.compression = "c23"; }), before);
}

TEST_F(HashedData, ForgingCountsLandmarksAndCrops) {
    const std::string before = data_hash(manifest_, forging), plain = data_hash(manifest_);
    EXPECT_NE(before, plain);
    write_crop_settings(folder_ / "faces.csv", {8, 1.4, "dlib"});
    EXPECT_NE(data_hash(manifest_, forging), before);
    write_crop_settings(folder_ / "faces.csv", {8, 1.3, "dlib"});
    EXPECT_EQ(data_hash(manifest_, forging), before);
    Landmarks moved = drawn_landmarks(8);
    moved[67].y += 0.01;
    write_landmarks(folder_.path(), {{"1.png", moved}});
    EXPECT_NE(data_hash(manifest_, forging), before);
    EXPECT_EQ(data_hash(manifest_), plain);
}

TEST_F(HashedData, AShardOfTheFilesIsTheSameData) {
    pack_shard(manifest_, folder_ / "faces.shard", {});
    const Manifest packed = read_manifest(folder_ / "faces.shard");
    for (const DataHashOptions& options : {DataHashOptions(), by_names, forging})
        EXPECT_EQ(data_hash(packed, options), data_hash(manifest_, options));
    pack_shard(manifest_, folder_ / "small.shard", {.size = 4});
    EXPECT_NE(data_hash(read_manifest(folder_ / "small.shard")), data_hash(manifest_));
}

TEST_F(HashedData, ThreadsChangeNothingAndProgressEnds) {
    Manifest many = manifest_;
    for (int i = 0; i < 300; ++i) {
        const std::string name = std::to_string(i) + ".bin";
        write_file_atomically(folder_ / name, name);
        many.rows.push_back({.path = name, .video = name});
    }
    const int before = thread_count();
    std::vector<std::string> hashes;
    for (const int threads : {1, 3}) {
        set_thread_count(threads);
        int64_t last = 0;
        hashes.push_back(data_hash(many, {}, [&](int64_t done, int64_t total) {
            EXPECT_EQ(total, 303);  // each picture once
            EXPECT_GT(done, last);
            last = done;
        }));
        EXPECT_EQ(last, 303);
    }
    set_thread_count(before);
    EXPECT_EQ(hashes[0], hashes[1]);
}

TEST_F(HashedData, KindsAreTold) {
    EXPECT_EQ(data_hash_kind(data_hash(manifest_)), DataHash::contents);
    EXPECT_EQ(data_hash_kind(data_hash(manifest_, by_names)), DataHash::names);
    EXPECT_EQ(data_hash_kind("0123456789abcdef"), std::nullopt);
    EXPECT_EQ(describe_data_hash("contents:1"), "the hash contents:1 (the pictures' contents)");
}

}  // namespace
}  // namespace unmask
