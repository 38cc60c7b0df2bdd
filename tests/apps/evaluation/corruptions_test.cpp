// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/corruptions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/apps/tiny_faces.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

double distance(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); ++i) {
        const double difference = double(a.pixels[i]) - double(b.pixels[i]);
        sum += difference * difference;
    }
    return std::sqrt(sum / double(a.pixels.size()));
}

TEST(Corruptions, EveryStrengthMovesThePictureFurther) {
    const Image original = tiny_face(true, 3, 224);
    ASSERT_EQ(corruption_table().size(), 6u);
    for (const Corruption& corruption : corruption_table()) {
        double before = 0;
        for (const double strength : corruption.strengths) {
            Image changed = original, again = original;
            corruption.change(changed, strength, 1, 2);
            corruption.change(again, strength, 1, 2);
            EXPECT_EQ(changed, again) << corruption.name;
            EXPECT_EQ(changed.width, original.width);
            EXPECT_EQ(changed.height, original.height);
            EXPECT_GT(distance(changed, original), before) << corruption.name << " " << strength;
            before = distance(changed, original);
        }
    }
}

TEST(Corruptions, DoWhatTheirUnitsSay) {
    Image grey(64, 64);
    std::ranges::fill(grey.pixels, uint8_t(100));
    Image changed = grey;
    corruption_named("brightness").change(changed, 30, 0, 0);
    EXPECT_EQ(int(changed.pixels[0]), 130);
    changed = grey;
    corruption_named("contrast").change(changed, 0.5, 0, 0);
    EXPECT_EQ(int(changed.pixels[0]), 114);  // 127.5 - 27.5 / 2, rounded up
    changed = grey;
    corruption_named("noise").change(changed, 8, 0, 0);
    EXPECT_NEAR(distance(changed, grey), 8, 0.5);
    // A flat picture stays flat.
    for (const char* name : {"blur", "resize", "jpeg"}) {
        changed = grey;
        corruption_named(name).change(changed, corruption_named(name).strengths[2], 0, 0);
        EXPECT_LE(distance(changed, grey), 1) << name;
    }
    expect_error([] { static_cast<void>(corruption_named("fog")); }, {"jpeg, blur", "fog"});
}

TEST(Corruptions, NoiseIsAnotherForAnotherPictureOrSeed) {
    const Image original = tiny_face(false, 1);
    const auto noisy = [&](uint64_t seed, uint64_t picture) {
        Image image = original;
        corruption_named("noise").change(image, 8, seed, picture);
        return image;
    };
    EXPECT_NE(noisy(0, 0), noisy(0, 1));
    EXPECT_NE(noisy(0, 0), noisy(1, 0));
}

}  // namespace
}  // namespace unmask
