// SPDX-License-Identifier: Apache-2.0
// The landmarks in a packed shard, and the forgeries that are made with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "data/dataset.h"
#include "data/landmarks/landmark_file.h"
#include "data/landmarks/manifest_landmarks.h"
#include "data/loader.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "data/shard/shard.h"
#include "engine/atomic_file.h"
#include "tests/data/self_blend/drawn_landmarks.h"
#include "tests/data/self_blend/smooth_picture.h"
#include "tests/data/shard/shard_bytes.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr int side = 64;

// Five real crops in two folders, four of them with landmarks, each another's; the last row shows the first
// crop again.
class ShardLandmarks : public testing::Test {
  protected:
    ShardLandmarks() {
        Manifest made{.directory = folder_.path()};
        LandmarkTable tables[2];
        for (int i = 0; i < 5; ++i) {
            Image picture = smooth_picture(side, side);
            for (uint8_t& value : picture.pixels) value = uint8_t(value + 3 * i);
            const std::string name = std::to_string(i) + ".png", place = i < 3 ? "a" : "b";
            std::filesystem::create_directories(folder_ / place);
            write_png(folder_ / place / name, picture);
            made.rows.push_back({.path = place + "/" + name,
                                 .video = "v" + std::to_string(i),
                                 .split = "train",
                                 .dataset = "set",
                                 .method = "original",
                                 .frame = i});
            if (i == 2) continue;
            Landmarks landmarks = drawn_landmarks(side);
            for (Point& point : landmarks) point.x += i;
            tables[i < 3 ? 0 : 1][name] = landmarks;
        }
        made.rows.push_back(made.rows.front());
        made.rows.back().video = "again";
        write_landmarks(folder_ / "a", tables[0]);
        write_landmarks(folder_ / "b", tables[1]);
        write_manifest(folder_ / "faces.csv", made);
        write_crop_settings(folder_ / "faces.csv", {.size = side, .margin = 1.3, .detector = "dlib"});
        files_ = read_manifest(folder_ / "faces.csv");
    }
    [[nodiscard]] std::filesystem::path pack(int size) const {
        const std::filesystem::path path = folder_ / ("s" + std::to_string(size) + ".shard");
        pack_shard(files_, path, {.size = size});
        return path;
    }
    // Every batch of an epoch, forged and augmented.
    static std::vector<std::vector<float>> batches(const Manifest& manifest) {
        const FaceDataset dataset(
            manifest, {.size = 48, .cache_bytes = 0, .forge = Forge::self_blend, .forge_seed = 6});
        DataLoader loader(dataset, {.batch = 4, .threads = 2, .seed = 3, .augmentation = Augmentation()});
        std::vector<std::vector<float>> result;
        loader.start(2);
        while (const std::optional<Batch> batch = loader.next()) result.push_back(batch->images.to_floats());
        return result;
    }
    TemporaryFolder folder_;
    Manifest files_;
};

TEST_F(ShardLandmarks, ForgedBatchesAreThoseOfTheFiles) {
    const std::vector<std::vector<float>> wanted = batches(files_);
    ASSERT_EQ(wanted.size(), 3u);
    const std::filesystem::path whole = pack(0), pixels = pack(side);
    // What the shard knows it holds itself.
    std::filesystem::remove_all(folder_ / "a");
    std::filesystem::remove_all(folder_ / "b");
    EXPECT_EQ(batches(read_manifest(whole)), wanted);
    EXPECT_EQ(batches(read_manifest(pixels)), wanted);
    EXPECT_EQ(Forger(read_manifest(whole), 1).faces_with_landmarks(), 4);
    // A shard of a shard is the same shard.
    pack_shard(read_manifest(whole), folder_ / "again.shard", {});
    EXPECT_EQ(bytes_of(folder_ / "again.shard"), bytes_of(whole));
}

TEST_F(ShardLandmarks, TheyFollowAnotherSize) {
    const std::map<std::string, Landmarks> stored = landmarks_of(files_);
    for (const int size : {32, 96}) {
        const std::map<std::string, Landmarks> found = landmarks_of(read_manifest(pack(size)));
        ASSERT_EQ(found.size(), 4u);
        for (const auto& [path, landmarks] : found)
            for (size_t k = 0; k < landmarks.size(); ++k) {
                // Shares of the side, from the picture's edge.
                EXPECT_NEAR((landmarks[k].x + 0.5) / size, (stored.at(path)[k].x + 0.5) / side, 1e-12);
                EXPECT_NEAR((landmarks[k].y + 0.5) / size, (stored.at(path)[k].y + 0.5) / side, 1e-12);
            }
    }
    // A mark in a picture stays under its landmark.
    Image picture(side, side);
    for (const int x : {40, 41})
        for (const int y : {20, 21})
            for (int c = 0; c < 3; ++c) picture.at(x, y)[c] = 255;
    const Image half = resize(picture, 32, 32);
    const auto brightest = std::max_element(half.pixels.begin(), half.pixels.end()) - half.pixels.begin();
    EXPECT_EQ(brightest / 3 % 32, 20);
    EXPECT_EQ(brightest / 3 / 32, 10);
    EXPECT_EQ(resized_landmarks({{40.5, 20.5}}, side, side, 32), (Landmarks{{20, 10}}));
    // Sides that shrink differently.
    EXPECT_EQ(resized_landmarks({{0.5, 0.5}}, 4, 8, 2), (Landmarks{{0, -0.25}}));
}

TEST_F(ShardLandmarks, AShardPackedWithoutThemHasNone) {
    std::filesystem::rename(folder_ / "a" / "landmarks.csv", folder_ / "kept.csv");
    std::filesystem::remove(folder_ / "b" / "landmarks.csv");
    const Manifest packed = read_manifest(pack(0));
    std::filesystem::rename(folder_ / "kept.csv", folder_ / "a" / "landmarks.csv");
    EXPECT_TRUE(landmarks_of(packed).empty());
    EXPECT_EQ(landmarks_of(files_).size(), 2u);
    write_file_atomically(folder_ / "a" / "landmarks.csv", "file,x0\n0.png,1\n");
    expect_error([&] { static_cast<void>(pack(0)); }, {"landmarks.csv:2:"});
}

TEST_F(ShardLandmarks, ChangedBytesAndHostileNumbersAreErrors) {
    const std::string original = bytes_of(pack(0));
    const size_t index = get(original, 88), entry = index + 64 + 40, at = get(original, entry);
    const auto refuse = [&](const std::string& bytes, const std::vector<std::string>& parts) {
        write_file_atomically(folder_ / "broken.shard", bytes);
        expect_error([&] { static_cast<void>(landmarks_of(read_manifest(folder_ / "broken.shard"))); },
                     parts);
    };
    EXPECT_EQ(get(original, entry + 8), 68u * 16);
    EXPECT_EQ(get(original, index + 2 * 64 + 48), 0u) << "the crop without landmarks";
    std::string bytes = original;
    bytes[at + 100] = char(bytes[at + 100] ^ 1);
    refuse(bytes, {"broken.shard", "checksum", "landmarks of a/1.png", "row 2"});

    const auto change = [&](size_t place, uint64_t value, const std::vector<std::string>& parts) {
        bytes = original;
        put(bytes, place, value);
        seal(bytes);
        refuse(bytes, parts);
    };
    change(entry + 8, 68 * 16 - 1, {"landmarks of row 2", "1087 bytes", "1088"});
    change(entry, ~uint64_t{0} - 100, {"landmarks of row 2", "outside the file"});
    change(entry, original.size() - 8, {"landmarks of row 2", "outside the file"});
    bytes = original;
    put(bytes, at + 24, std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN()));
    put(bytes, entry + 16, checksum(bytes, at, 68 * 16));
    seal(bytes);
    refuse(bytes, {"landmark of row 2", "not a number"});
}

}  // namespace
}  // namespace unmask
