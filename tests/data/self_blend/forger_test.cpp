// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/forger.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "data/dataset.h"
#include "data/landmarks/landmark_file.h"
#include "data/loader.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "tests/data/self_blend/drawn_landmarks.h"
#include "tests/data/self_blend/smooth_picture.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr int picture_side = 64;

// Six real crops, three with landmarks, and two rows of forgeries.
class Forging : public ::testing::Test {
  protected:
    void SetUp() override {
        manifest.directory = folder.path();
        manifest.source = folder / "faces.csv";
        LandmarkTable table;
        for (int i = 0; i < 8; ++i) {
            Image picture = smooth_picture(picture_side, picture_side);
            for (uint8_t& value : picture.pixels) value = uint8_t(value + i);
            const std::string name = std::to_string(i) + ".png";
            write_png(folder / name, picture);
            manifest.rows.push_back({name, "v" + std::to_string(i), "train", "set",
                                     i < 6 ? "original" : "Other", i < 6 ? 0 : 1, i});
            if (i < 3) table[name] = drawn_landmarks(picture_side);
        }
        write_landmarks(folder.path(), table);
        write_crop_settings(manifest.source, {picture_side, 1.3, "dlib"});
    }
    [[nodiscard]] FaceDataset dataset(uint64_t seed = 4, int64_t cache = int64_t{1} << 30) const {
        return {manifest, {.size = 32, .cache_bytes = cache, .forge = Forge::self_blend, .forge_seed = seed}};
    }
    TemporaryFolder folder;
    Manifest manifest;
};

TEST_F(Forging, EveryRealRowGetsAForgedOne) {
    const Manifest forged = with_self_blends(manifest);
    ASSERT_EQ(forged.rows.size(), 12u);
    for (size_t i = 0; i < 12; ++i) {
        ManifestRow wanted = manifest.rows[i / 2];
        if (i % 2 == 1) {
            wanted.label = 1;
            wanted.method = "SelfBlend";
        }
        EXPECT_EQ(forged.rows[i], wanted) << i;
    }
    manifest.rows.erase(manifest.rows.begin(), manifest.rows.begin() + 6);
    expect_error([&] { static_cast<void>(with_self_blends(manifest)); }, {"faces.csv", "real", "among 2"});
    EXPECT_EQ(parse_forge("self-blend"), Forge::self_blend);
    EXPECT_EQ(parse_forge("none"), Forge::none);
    expect_error([] { static_cast<void>(parse_forge("gan")); }, {"self-blend", "gan"});
}

TEST_F(Forging, PairsShareTheirTarget) {
    const Forger forger(manifest, 4);
    EXPECT_EQ(forger.faces_with_landmarks(), 3);
    int changed = 0;
    for (int64_t epoch = 0; epoch < 10; ++epoch)
        for (size_t i = 0; i < 6; ++i) {
            const Image crop = read_picture(folder / (std::to_string(i) + ".png"));
            const Image real = forger.real(crop, manifest.rows[i], epoch);
            const Image forged = forger.forged(crop, manifest.rows[i], epoch);
            EXPECT_EQ(real != crop, forger.changes_real(manifest.rows[i], epoch));
            EXPECT_NE(forged, real);
            changed += real != crop ? 1 : 0;
            // The corner is the target's in both.
            for (int c = 0; c < 3; ++c)
                EXPECT_EQ(forged.at(0, picture_side - 1)[c], real.at(0, picture_side - 1)[c]);
        }
    EXPECT_GT(changed, 15);
    EXPECT_LT(changed, 45);
}

TEST_F(Forging, LandmarksDecideWhereTheyAreKnown) {
    const Forger with(manifest, 4);
    std::filesystem::remove(landmark_file(folder.path()));
    const Forger without(manifest, 4);
    EXPECT_EQ(without.faces_with_landmarks(), 0);
    const Image crop = read_picture(folder / "0.png");
    EXPECT_NE(with.forged(crop, manifest.rows[0], 1), without.forged(crop, manifest.rows[0], 1));
    EXPECT_EQ(with.forged(crop, manifest.rows[5], 1), without.forged(crop, manifest.rows[5], 1));
    // Then the margin says how large the face is.
    write_crop_settings(manifest.source, {picture_side, 2.0, "dlib"});
    EXPECT_NE(Forger(manifest, 4).forged(crop, manifest.rows[0], 1),
              without.forged(crop, manifest.rows[0], 1));
    std::ofstream(landmark_file(folder.path())) << "file,x0\n0.png,1\n";
    expect_error([&] { static_cast<void>(Forger(manifest, 4)); }, {"landmarks.csv:2:"});
}

TEST_F(Forging, TheDatasetHandsOutBothAtItsSize) {
    const FaceDataset cached = dataset(), uncached = dataset(4, 0), other = dataset(5);
    EXPECT_TRUE(cached.keeps_pictures());
    EXPECT_FALSE(uncached.keeps_pictures());
    ASSERT_EQ(cached.size(), 12u);
    const Forger forger(manifest, 4);
    int differ = 0;
    for (size_t i = 0; i < 12; ++i)
        for (const int64_t epoch : {0, 3}) {
            const Image crop = read_picture(folder / (std::to_string(i / 2) + ".png"));
            const ManifestRow& row = manifest.rows[i / 2];
            // Forged at the crop's size, then resized.
            const Image wanted = i % 2 == 0 ? forger.real(crop, row, epoch) : forger.forged(crop, row, epoch);
            EXPECT_EQ(*cached.image(i, epoch), resize(wanted, 32, 32));
            EXPECT_EQ(*cached.image(i, epoch), *uncached.image(i, epoch));
            differ += *cached.image(i, epoch) != *other.image(i, epoch) ? 1 : 0;
        }
    EXPECT_GT(differ, 12);
    EXPECT_EQ(cached.labels(), (std::vector<int>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}));
}

TEST_F(Forging, ASplitChangesNoForgery) {
    const FaceDataset all = dataset();
    manifest.rows.erase(manifest.rows.begin(), manifest.rows.begin() + 2);
    const FaceDataset part = dataset();
    for (size_t i = 0; i < part.size(); ++i) EXPECT_EQ(*part.image(i, 2), *all.image(i + 4, 2));
}

TEST_F(Forging, BatchesAreTheSameWithAnyNumberOfThreadsAndNewEveryEpoch) {
    const FaceDataset set = dataset();
    std::vector<std::vector<float>> first;
    for (const int threads : {1, 3}) {
        DataLoader loader(set, {.batch = 5, .threads = threads, .seed = 8, .augmentation = {}});
        std::vector<std::vector<float>> epochs;
        for (const int64_t epoch : {1, 2}) {
            std::vector<float>& values = epochs.emplace_back();
            std::map<size_t, std::vector<float>> by_row;
            loader.start(epoch);
            while (const std::optional<Batch> batch = loader.next()) {
                const float* images = batch->images.data<float>();
                for (size_t i = 0; i < batch->indices.size(); ++i) {
                    const float* image = images + i * 32 * 32 * 3;
                    by_row[batch->indices[i]] = {image, image + 32 * 32 * 3};
                    EXPECT_EQ(batch->labels.data<int64_t>()[i], int64_t(batch->indices[i] % 2));
                }
            }
            ASSERT_EQ(by_row.size(), 12u);
            for (const auto& [row, image] : by_row) values.insert(values.end(), image.begin(), image.end());
        }
        EXPECT_NE(epochs[0], epochs[1]);
        if (first.empty())
            first = epochs;
        else
            EXPECT_EQ(epochs, first);
    }
}

}  // namespace
}  // namespace unmask
