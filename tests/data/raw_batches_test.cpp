// SPDX-License-Identifier: Apache-2.0
// The loader's raw batches: the pictures as decoded, and what was drawn for them.
#include <gtest/gtest.h>

#include <cstring>

#include "data/loader.h"
#include "tests/data/tiny_pictures.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

std::vector<Batch> batches_of(DataLoader& loader, int64_t epoch) {
    std::vector<Batch> batches;
    loader.start(epoch);
    while (std::optional<Batch> batch = loader.next()) batches.push_back(std::move(*batch));
    return batches;
}

TEST(RawBatches, ArePicturesAndDrawsOfTheFloatBatches) {
    const TinyPictures pictures(23);
    const FaceDataset faces = pictures.dataset(12);
    LoaderOptions options{.batch = 5, .threads = 2, .seed = 5, .augmentation = Augmentation()};
    DataLoader loader(faces, options);
    options.raw = true;
    DataLoader raw_loader(faces, options);
    for (const int64_t epoch : {0, 3}) {
        const std::vector<Batch> expected = batches_of(loader, epoch), raw = batches_of(raw_loader, epoch);
        ASSERT_EQ(raw.size(), expected.size());
        for (size_t b = 0; b < raw.size(); ++b) {
            EXPECT_FALSE(raw[b].images.defined());
            EXPECT_FALSE(expected[b].pixels.defined());
            EXPECT_EQ(raw[b].indices, expected[b].indices);
            EXPECT_TRUE(same_bytes(raw[b].labels, expected[b].labels));
            for (size_t i = 0; i < raw[b].indices.size(); ++i) {
                Image image(12, 12);
                std::memcpy(image.pixels.data(), raw[b].pixels.data<uint8_t>() + i * 432, 432);
                EXPECT_EQ(image, *faces.image(raw[b].indices[i]));
                AugmentationDraw draw;
                std::memcpy(&draw, raw[b].draws.data<uint8_t>() + i * sizeof(draw), sizeof(draw));
                Augmentation::apply(image, draw);
                std::vector<float> values(432);
                normalise(image, {}, values.data());
                EXPECT_EQ(std::memcmp(values.data(), expected[b].images.data<float>() + i * 432, 432 * 4), 0);
            }
        }
    }
}

TEST(RawBatches, AreTheSameBytesWithOneThreadAndWithThree) {
    const TinyPictures pictures(17);
    const FaceDataset faces = pictures.dataset(12);
    LoaderOptions options{
        .batch = 4, .threads = 1, .prefetch = 1, .seed = 5, .augmentation = Augmentation(), .raw = true};
    DataLoader one(faces, options);
    options.threads = 3;
    options.prefetch = 4;
    DataLoader three(faces, options);
    const std::vector<Batch> expected = batches_of(one, 2), found = batches_of(three, 2);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t b = 0; b < found.size(); ++b) {
        EXPECT_TRUE(same_bytes(found[b].pixels, expected[b].pixels));
        EXPECT_TRUE(same_bytes(found[b].draws, expected[b].draws));
        EXPECT_EQ(found[b].indices, expected[b].indices);
    }
}

TEST(RawBatches, WithoutAugmentationNothingIsDrawn) {
    const TinyPictures pictures(3);
    const FaceDataset faces = pictures.dataset(16);
    DataLoader loader(faces, {.batch = 3, .raw = true});
    for (const float byte : batches_of(loader, 0).at(0).draws.to_floats()) EXPECT_EQ(byte, 0);
}

}  // namespace
}  // namespace unmask
