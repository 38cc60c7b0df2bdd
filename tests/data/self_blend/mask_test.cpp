// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace unmask {
namespace {

double sum(const Mask& mask) {
    return std::accumulate(mask.values.begin(), mask.values.end(), 0.0);
}

TEST(Mask, APolygonCoversItsArea) {
    const Mask square = polygon_mask(std::vector<Point>{{2, 3}, {8, 3}, {8, 7}, {2, 7}}, 12, 10);
    EXPECT_EQ(square.at(5, 5), 1.f);
    EXPECT_EQ(square.at(1, 5), 0.f);
    EXPECT_EQ(square.at(9, 5), 0.f);
    EXPECT_EQ(square.at(5, 2), 0.f);
    EXPECT_FLOAT_EQ(square.at(2, 5), 0.5f);  // the edge goes through the pixel's middle
    EXPECT_FLOAT_EQ(square.at(5, 7), 0.5f);
    EXPECT_NEAR(sum(square), 24, 1e-4);
    const Mask triangle = polygon_mask(std::vector<Point>{{10, 5}, {50, 20}, {20, 60}}, 64, 64);
    EXPECT_NEAR(sum(triangle), 0.5 * (40 * 55 - 15 * 10), 3);
    EXPECT_LE(*std::ranges::max_element(triangle.values), 1.f);
    // What lies outside the picture is cut off.
    const Mask all = polygon_mask(std::vector<Point>{{-99, -99}, {99, -99}, {99, 99}, {-99, 99}}, 8, 6);
    EXPECT_EQ(sum(all), 48);
    EXPECT_EQ(sum(polygon_mask(std::vector<Point>{{1, 1}, {5, 5}}, 8, 8)), 0);
    EXPECT_EQ(sum(polygon_mask({}, 8, 8)), 0);
}

TEST(Mask, BlurHasTheDeviationAskedFor) {
    for (const double deviation : {2.0, 5.0}) {
        Mask mask(101, 101);
        mask.at(50, 50) = 1;
        blur(mask, deviation);
        EXPECT_NEAR(sum(mask), 1, 1e-3);
        double variance = 0;
        for (int y = 0; y < 101; ++y)
            for (int x = 0; x < 101; ++x) variance += mask.at(x, y) * (x - 50) * (x - 50);
        EXPECT_NEAR(std::sqrt(variance), deviation, 0.5);
        EXPECT_EQ(mask.at(53, 50), mask.at(50, 53));
    }
}

TEST(Mask, BlurKeepsTheRangeAndThePlain) {
    Mask mask(40, 30);
    const Mask empty = mask;
    blur(mask, 3);
    EXPECT_EQ(mask, empty);
    std::ranges::fill(mask.values, 1.f);
    blur(mask, 3);
    for (const float value : mask.values) EXPECT_NEAR(value, 1, 1e-6);  // also at the edges
    Mask half(40, 30);
    for (int y = 0; y < 30; ++y)
        for (int x = 20; x < 40; ++x) half.at(x, y) = 1;
    const Mask sharp = half;
    blur(half, 0.4);
    EXPECT_EQ(half, sharp);
    blur(half, 3);
    for (int x = 1; x < 40; ++x) EXPECT_GE(half.at(x, 15), half.at(x - 1, 15));
    EXPECT_NEAR(half.at(19, 15) + half.at(20, 15), 1, 1e-5);
}

}  // namespace
}  // namespace unmask
