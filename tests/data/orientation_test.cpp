// SPDX-License-Identifier: Apache-2.0
#include "data/orientation.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace unmask {
namespace {

// The pixels of a picture as letters, row by row.
Image letters(int width, int height, const std::string& text) {
    Image image(width, height);
    for (size_t i = 0; i < text.size(); ++i) std::fill_n(&image.pixels[3 * i], 3, uint8_t(text[i]));
    return image;
}

std::string text_of(const Image& image) {
    std::string text;
    for (size_t i = 0; i < image.pixels.size(); i += 3) text += char(image.pixels[i]);
    return text;
}

TEST(Orientation, TheEightOfExif) {
    const char* seen[] = {"", "abcdef", "cbafed", "fedcba", "defabc", "adbecf", "daebfc", "fcebda", "cfbead"};
    for (int orientation = 1; orientation <= 8; ++orientation) {
        const Image image = oriented(letters(3, 2, "abcdef"), orientation);
        EXPECT_EQ(image.width, orientation < 5 ? 3 : 2) << orientation;
        EXPECT_EQ(text_of(image), seen[orientation]) << orientation;
    }
    EXPECT_EQ(text_of(oriented(letters(3, 2, "abcdef"), 9)), "abcdef");
}

TEST(Orientation, ADisplayMatrixMovesPixelsWhereItSays) {
    constexpr int width = 3, height = 2;
    const Image stored = letters(width, height, "abcdef");
    for (const bool transposed : {false, true})
        for (const int first : {1, -1})
            for (const int second : {1, -1}) {
                const int a = transposed ? 0 : first, b = transposed ? first : 0;
                const int c = transposed ? second : 0, d = transposed ? 0 : second;
                const Image seen =
                    oriented(Image(stored), orientation_of_matrix(a << 16, b << 16, c << 16, d << 16));
                ASSERT_EQ(seen.width, transposed ? height : width);
                for (int y = 0; y < height; ++y)
                    for (int x = 0; x < width; ++x) {
                        const int column = a * x + c * y, row = b * x + d * y;
                        EXPECT_EQ(*seen.at(column + (a + c < 0 ? seen.width - 1 : 0),
                                           row + (b + d < 0 ? seen.height - 1 : 0)),
                                  *stored.at(x, y))
                            << a << b << c << d;
                    }
            }
    EXPECT_EQ(orientation_of_matrix(0, 0, 0, 0), 1);
    EXPECT_EQ(orientation_of_matrix(65000, 3000, -3000, 65000), 1);
}

}  // namespace
}  // namespace unmask
