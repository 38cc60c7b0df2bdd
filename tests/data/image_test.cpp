// SPDX-License-Identifier: Apache-2.0
#include "data/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "data/orientation.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// Pixel (x, y) is (10x, 10y, x + y).
Image coordinates(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            image.at(x, y)[0] = uint8_t(10 * x);
            image.at(x, y)[1] = uint8_t(10 * y);
            image.at(x, y)[2] = uint8_t(x + y);
        }
    return image;
}

Image line(const std::vector<int>& values) {
    Image image(int(values.size()), 1);
    for (size_t x = 0; x < values.size(); ++x) std::fill_n(image.at(int(x), 0), 3, uint8_t(values[x]));
    return image;
}

std::vector<int> first_channel(const Image& image) {
    std::vector<int> values;
    for (size_t i = 0; i < image.pixels.size(); i += 3) values.push_back(image.pixels[i]);
    return values;
}

TEST(Image, CropTakesTheBox) {
    const Image part = crop(coordinates(8, 6), {2, 1, 3, 2});
    ASSERT_EQ(part.width, 3);
    ASSERT_EQ(part.height, 2);
    EXPECT_EQ(part.at(0, 0)[0], 20);
    EXPECT_EQ(part.at(2, 1)[0], 40);
    EXPECT_EQ(part.at(2, 1)[1], 20);
}

TEST(Image, CropRepeatsTheEdgeOutside) {
    const Image part = crop(coordinates(4, 3), {-2, -1, 8, 5});
    EXPECT_EQ(part.at(0, 0)[0], 0);
    EXPECT_EQ(part.at(2, 1)[0], 0);
    EXPECT_EQ(part.at(3, 1)[0], 10);
    EXPECT_EQ(part.at(7, 4)[0], 30);
    EXPECT_EQ(part.at(7, 4)[1], 20);
    const Image far_away = crop(coordinates(4, 3), {1000, 2000000000, 2, 2});
    EXPECT_EQ(far_away.at(1, 1)[0], 30);
    EXPECT_EQ(far_away.at(1, 1)[1], 20);
}

TEST(Image, APartIsResizedToTheBytesOfItsCrop) {
    const Image image = coordinates(11, 9);
    for (const Box& box : {Box{2, 1, 6, 5}, Box{-7, -30, 40, 61}, Box{9, 8, 5, 3}, Box{-100, 50, 7, 7}})
        for (const auto& [width, height] :
             {std::pair{4, 4}, std::pair{16, 3}, std::pair{box.width, box.height}})
            EXPECT_EQ(resize_part(image, box, width, height), resize(crop(image, box), width, height));
    expect_error([&] { static_cast<void>(resize_part(image, {0, 0, 0, 4}, 4, 4)); }, {"0 x 4"});
    expect_error([&] { static_cast<void>(resize_part(image, {0, 0, 4, 4}, 4, 0)); }, {"4 x 0"});
}

TEST(Image, EnlargingIsBilinearWithHalfPixelCentres) {
    EXPECT_EQ(first_channel(resize(line({0, 200}), 4, 1)), (std::vector<int>{0, 50, 150, 200}));
}

TEST(Image, ShrinkingAveragesInsteadOfPicking) {
    std::vector<int> stripes(64);
    for (size_t i = 0; i < stripes.size(); ++i) stripes[i] = i % 2 ? 200 : 0;
    for (int value : first_channel(resize(line(stripes), 8, 1))) EXPECT_NEAR(value, 100, 5);
}

TEST(Image, ShrinkingByTwoWeighsWithTheTriangle) {
    // Triangle of half-width 2 around 3.0: pixels 1 to 4 at distances 1.5, 0.5, 0.5, 1.5 weigh 1, 3, 3, 1
    // of 8.
    const std::vector<int> halved = first_channel(resize(line({0, 80, 0, 0, 0, 0}), 3, 1));
    EXPECT_EQ(halved[1], 10);
}

TEST(Image, ResizeKeepsConstantsAndMeans) {
    Image flat(17, 13);
    std::fill(flat.pixels.begin(), flat.pixels.end(), uint8_t{77});
    for (auto [width, height] : {std::pair{5, 4}, {40, 50}, {17, 3}, {1, 1}}) {
        const Image result = resize(flat, width, height);
        EXPECT_EQ(result.width, width);
        EXPECT_EQ(result.height, height);
        EXPECT_TRUE(
            std::all_of(result.pixels.begin(), result.pixels.end(), [](uint8_t v) { return v == 77; }));
    }
    EXPECT_EQ(resize(coordinates(8, 6), 8, 6), coordinates(8, 6));
}

TEST(Image, SquareWithMargin) {
    EXPECT_EQ(square_with_margin({10, 20, 100, 80}, 1.0), (Box{10, 10, 100, 100}));
    EXPECT_EQ(square_with_margin({10, 20, 100, 80}, 1.3), (Box{-5, -5, 130, 130}));
    EXPECT_EQ(square_with_margin({0, 0, 50, 100}, 2.0), (Box{-75, -50, 200, 200}));
}

TEST(Image, SaysWhatIsWrong) {
    const Image image(4, 4);
    expect_error([&] { static_cast<void>(crop(image, {0, 0, 0, 3})); }, {"positive size", "0 x 3"});
    expect_error([&] { static_cast<void>(resize(image, 3, -1)); }, {"positive size", "3 x -1"});
    expect_error([&] { static_cast<void>(resize(Image(), 3, 3)); }, {"empty"});
    expect_error([&] { static_cast<void>(square_with_margin({0, 0, 0, 0}, 1.3)); }, {"positive box"});
}

TEST(Orientation, TurnsAndMirrors) {
    // Stored as   1 2 3      seen after 90 degrees clockwise as   4 1
    //             4 5 6                                          5 2
    //                                                            6 3
    Image image(3, 2);
    for (size_t i = 0; i < 6; ++i) std::fill_n(&image.pixels[3 * i], 3, uint8_t(i + 1));
    const std::vector<std::vector<int>> seen{{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                             {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                             {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const Image result = oriented(Image(image), orientation);
        EXPECT_EQ(first_channel(result), seen[size_t(orientation - 1)]) << orientation;
        EXPECT_EQ(result.width, orientation >= 5 ? 2 : 3) << orientation;
    }
}

}  // namespace
}  // namespace unmask
