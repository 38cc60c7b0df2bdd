// SPDX-License-Identifier: Apache-2.0
#include "data/near_copies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/philox.h"

namespace unmask {
namespace {

// Soft shades, other ones for every seed.
Image shades(uint64_t seed, int width = 60, int height = 60) {
    PhiloxSequence random(seed, "shades");
    Image coarse(8, 8);
    for (uint8_t& value : coarse.pixels) value = uint8_t(40 + random.uniform() * 160);
    return resize(coarse, width, height);
}

Image mirrored(const Image& image) {
    Image result(image.width, image.height);
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            std::copy_n(image.at(x, y), 3, result.at(image.width - 1 - x, y));
    return result;
}

Image changed(Image image, double gain, double offset) {
    for (uint8_t& value : image.pixels) value = uint8_t(std::clamp(value * gain + offset, 0.0, 255.0));
    return image;
}

TEST(NearCopies, ALookHasMeanZeroAndLengthOne) {
    const Look look = look_of(shades(1));
    ASSERT_EQ(look.size(), 256u);
    EXPECT_NEAR(std::accumulate(look.begin(), look.end(), 0.0), 0, 1e-4);
    EXPECT_NEAR(std::inner_product(look.begin(), look.end(), look.begin(), 0.0), 1, 1e-5);
    // Brightness and contrast do not count, a picture of one colour looks like nothing.
    const Look brighter = look_of(changed(shades(1), 0.8, 30));
    EXPECT_NEAR(std::inner_product(look.begin(), look.end(), brighter.begin(), 0.0), 1, 2e-3);
    EXPECT_EQ(look_of(changed(shades(1), 0, 90)), Look(256, 0.f));
}

TEST(NearCopies, ChangedPicturesFindTheirFirst) {
    const Image flat = changed(shades(1), 0, 90);
    std::vector<Look> looks;
    for (const Image& image : {shades(1), shades(2), mirrored(shades(1)), flat, resize(shades(2), 33, 41),
                               flat, changed(mirrored(shades(2)), 1.1, -20), shades(3)})
        looks.push_back(look_of(image));
    EXPECT_EQ(near_copy_groups(looks), (std::vector<size_t>{0, 1, 0, 3, 1, 5, 1, 7}));
    EXPECT_TRUE(near_copy_groups({}).empty());
}

TEST(NearCopies, DifferentPicturesStayApart) {
    std::vector<Look> looks;
    for (uint64_t seed = 0; seed < 200; ++seed) looks.push_back(look_of(shades(seed)));
    std::vector<size_t> own(looks.size());
    std::iota(own.begin(), own.end(), size_t{0});
    EXPECT_EQ(near_copy_groups(looks), own);
}

TEST(NearCopies, ACopyOfACopyBelongsToTheFirst) {
    // Each a little further from the first, until it is none of its near copies.
    const Image first = shades(1), other = shades(2);
    std::vector<Look> looks;
    for (int step = 0; step <= 10; ++step) {
        Image mixed = first;
        for (size_t i = 0; i < mixed.pixels.size(); ++i)
            mixed.pixels[i] = uint8_t((first.pixels[i] * (20 - step) + other.pixels[i] * step) / 20);
        looks.push_back(look_of(mixed));
    }
    EXPECT_EQ(near_copy_groups({looks.front(), looks.back()}), (std::vector<size_t>{0, 1}));
    std::rotate(looks.begin(), looks.begin() + 4, looks.end());
    EXPECT_EQ(near_copy_groups(looks), std::vector<size_t>(looks.size(), 0));
}

}  // namespace
}  // namespace unmask
