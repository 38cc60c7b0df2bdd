// SPDX-License-Identifier: Apache-2.0
#include "data/device_input.h"

#include <gtest/gtest.h>

#include "tests/data/tiny_pictures.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

class DeviceInputs : public testing::Test {
  protected:
    DataLoader loader(bool raw) const {
        return {faces_, {.batch = 4, .threads = 2, .seed = 3, .augmentation = Augmentation(), .raw = raw}};
    }
    TinyPictures pictures_{10};
    FaceDataset faces_ = pictures_.dataset(24);
};

TEST_F(DeviceInputs, GivesTheLoadersImages) {
    DataLoader plain = loader(false), raw = loader(true);
    DeviceInput input({});
    plain.start(1);
    raw.start(1);
    const void* first = nullptr;
    while (const std::optional<Batch> expected = plain.next()) {
        const Tensor& images = input.images(*raw.next());
        EXPECT_LT(difference(images, expected->images).largest, 1e-6);
        // The same memory for every batch of that shape; the last one has another.
        if (first == nullptr) first = images.raw();
        EXPECT_EQ(images.raw() == first, images.dim(0) == 4);
    }
}

TEST_F(DeviceInputs, MixesPadsAndNarrows) {
    DataLoader plain = loader(false), raw = loader(true);
    plain.start(0);
    raw.start(0);
    const Tensor expected = plain.next()->images;
    const std::vector<size_t> partner{2, 0, 1, 3};
    DeviceInput input({.dtype = DType::bf16, .channels = 4});
    const Tensor mixed = input.images(*raw.next(), partner, 0.7);
    ASSERT_EQ(mixed.shape(), Shape({4, 24, 24, 4}));
    const std::vector<float> found = mixed.to_floats(), own = expected.to_floats();
    for (size_t sample = 0; sample < 4; ++sample)
        for (size_t i = 0; i < 576; ++i) {
            for (size_t c = 0; c < 3; ++c) {
                const float a = own[(sample * 576 + i) * 3 + c], b = own[(partner[sample] * 576 + i) * 3 + c];
                ASSERT_NEAR(found[(sample * 576 + i) * 4 + c], 0.7f * a + 0.3f * b, 0.012f);
            }
            ASSERT_EQ(found[(sample * 576 + i) * 4 + 3], 0.0f);
        }
}

TEST_F(DeviceInputs, RefusesWhatDoesNotFit) {
    DataLoader plain = loader(false), raw = loader(true);
    plain.start(0);
    raw.start(0);
    DeviceInput input({});
    expect_error([&] { input.upload(*plain.next()); }, {"raw batch"});
    const Batch batch = *raw.next();
    expect_error([&] { input.upload(batch, std::vector<size_t>{0, 1}); }, {"4 partners", "2"});
    expect_error([&] { input.upload(batch, std::vector<size_t>{0, 1, 2, 4}); }, {"below 4", "4"});
    expect_error([] { DeviceInput({.channels = 5}); }, {"3, 4 or 8", "5"});
    expect_error([] { DeviceInput({.dtype = DType::f16}); }, {"f32 or bf16", "f16"});
}

}  // namespace
}  // namespace unmask
