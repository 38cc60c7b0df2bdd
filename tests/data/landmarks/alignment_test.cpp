// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/alignment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/philox.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

std::vector<Point> random_points(PhiloxSequence& random, int count) {
    std::vector<Point> points;
    for (int i = 0; i < count; ++i) points.push_back({random.uniform(0, 200), random.uniform(-50, 100)});
    return points;
}

double squared_distances(const Similarity& s, std::span<const Point> from, std::span<const Point> to) {
    double sum = 0;
    for (size_t i = 0; i < from.size(); ++i) {
        const Point p = s(from[i]);
        sum += (p.x - to[i].x) * (p.x - to[i].x) + (p.y - to[i].y) * (p.y - to[i].y);
    }
    return sum;
}

TEST(Alignment, RecoversAKnownSimilarity) {
    PhiloxSequence random(1, "alignment");
    for (int round = 0; round < 20; ++round) {
        const double scale = random.uniform(0.1, 4), angle = random.uniform(-3.1, 3.1);
        const Similarity known{scale * std::cos(angle), scale * std::sin(angle), random.uniform(-99, 99),
                               random.uniform(-99, 99)};
        const std::vector<Point> from = random_points(random, 5);
        std::vector<Point> to;
        for (const Point& p : from) to.push_back(known(p));
        const Similarity found = fit_similarity(from, to);
        EXPECT_NEAR(found.a, known.a, 1e-9);
        EXPECT_NEAR(found.b, known.b, 1e-9);
        EXPECT_NEAR(found.x0, known.x0, 1e-7);
        EXPECT_NEAR(found.y0, known.y0, 1e-7);
        EXPECT_NEAR(found.scale(), scale, 1e-9);
        const Point back = found.inverse()(found({12, -7}));
        EXPECT_NEAR(back.x, 12, 1e-7);
        EXPECT_NEAR(back.y, -7, 1e-7);
    }
}

TEST(Alignment, LeavesTheLeastSquaresWherePointsDoNotFit) {
    PhiloxSequence random(2, "alignment");
    const std::vector<Point> from = random_points(random, 5), to = random_points(random, 5);
    const Similarity best = fit_similarity(from, to);
    const double least = squared_distances(best, from, to);
    for (const double step : {-1e-3, 1e-3}) {
        for (double Similarity::*part : {&Similarity::a, &Similarity::b, &Similarity::x0, &Similarity::y0}) {
            Similarity other = best;
            other.*part += step;
            EXPECT_GT(squared_distances(other, from, to), least);
        }
    }
}

TEST(Alignment, RefusesWhatHasNoAnswer) {
    const std::vector<Point> one{{1, 2}}, same{{1, 2}, {1, 2}}, two{{1, 2}, {3, 4}};
    expect_error([&] { static_cast<void>(fit_similarity(one, one)); }, {"at least two", "1 and 1"});
    expect_error([&] { static_cast<void>(fit_similarity(two, one)); }, {"2 and 1"});
    expect_error([&] { static_cast<void>(fit_similarity(same, two)); }, {"2 times the same"});
    expect_error([] { static_cast<void>(alignment_of(Landmarks(5), 256, 1.3)); }, {"68", "found 5"});
}

TEST(Alignment, TheTargetIsThatOfDeepfakeBench) {
    // In a square of 112 without margin ArcFace's place; at 256 and 1.3 computed by hand.
    EXPECT_NEAR(alignment_target(112, 1)[2].x, 56.0252, 1e-9);
    EXPECT_NEAR(alignment_target(112, 1)[2].y, 71.7366, 1e-9);
    EXPECT_NEAR(alignment_target(256, 1.3)[0].x, (38.2946 * 256 / 112 + 38.4) / 1.3, 1e-9);
    EXPECT_NEAR(alignment_target(256, 1.3)[0].x, 96.870, 1e-3);
    EXPECT_NEAR(alignment_target(256, 1.3)[0].y, 120.433, 1e-3);
}

TEST(Alignment, BringsFiveLandmarksToTheTarget) {
    Landmarks landmarks(landmark_count, Point{-1000, 3});
    const Similarity turned{0.6, 0.3, 40, -9};
    const auto target = alignment_target(128, 1.3);
    const size_t numbers[] = {37, 44, 30, 49, 55};
    for (size_t i = 0; i < 5; ++i) landmarks[numbers[i]] = turned(target[i]);
    const Similarity found = alignment_of(landmarks, 128, 1.3);
    for (size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(found(landmarks[numbers[i]]).x, target[i].x, 1e-9);
        EXPECT_NEAR(found(landmarks[numbers[i]]).y, target[i].y, 1e-9);
    }
}

Image numbered_pixels(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            image.at(x, y)[0] = uint8_t(10 * x);
            image.at(x, y)[1] = uint8_t(10 * y);
            image.at(x, y)[2] = 77;
        }
    return image;
}

TEST(Warp, TakesPixelsFromTheirPlaces) {
    const Image image = numbered_pixels(20, 12);
    EXPECT_EQ(warp(image, {}, 20, 12), image);
    const Image shifted = warp(image, {1, 0, 3, -2}, 20, 12);
    EXPECT_EQ(shifted.at(5, 5)[0], 20);
    EXPECT_EQ(shifted.at(5, 5)[1], 70);
    // Beyond the edge the edge repeats: no black borders.
    EXPECT_EQ(shifted.at(0, 11)[0], 0);
    EXPECT_EQ(shifted.at(19, 11)[1], 110);
    EXPECT_EQ(shifted.at(0, 11)[2], 77);
    // A quarter turn: (x, y) -> (-y, x), moved back into view.
    const Image turned = warp(image, {0, 1, 11, 0}, 12, 20);
    EXPECT_EQ(turned.at(11 - 4, 6)[0], 60);
    EXPECT_EQ(turned.at(11 - 4, 6)[1], 40);
    // Twice the size: between two pixels their mean.
    const Image large = warp(image, {2, 0, 0, 0}, 40, 24);
    EXPECT_EQ(large.at(7, 8)[0], 35);
}

TEST(Warp, ShrinkingAverages) {
    Image stripes(120, 120);
    for (int y = 0; y < 120; ++y)
        for (int x = 0; x < 120; ++x) std::fill_n(stripes.at(x, y), 3, uint8_t(x % 2 != 0 ? 200 : 0));
    const Image small = warp(stripes, {0.2, 0, 0, 0}, 24, 24);
    for (int x = 2; x < 22; ++x) EXPECT_NEAR(small.at(x, 12)[1], 100, 12) << x;
    // And keeps places: a wide ramp reads the same.
    Image ramp(200, 200);
    for (int y = 0; y < 200; ++y)
        for (int x = 0; x < 200; ++x) std::fill_n(ramp.at(x, y), 3, uint8_t(x));
    const Image part = warp(ramp, {0.25, 0, -5, -5}, 40, 40);
    for (int x = 2; x < 38; ++x) EXPECT_NEAR(part.at(x, 20)[0], (x + 5) / 0.25, 1.5) << x;
}

TEST(Warp, RefusesSizesAndScales) {
    const Image image(4, 4);
    expect_error([&] { static_cast<void>(warp(image, {}, 0, 4)); }, {"positive size", "0 x 4"});
    expect_error([&] { static_cast<void>(warp(image, {0, 0, 1, 1}, 4, 4)); }, {"positive size and scale"});
    expect_error([] { static_cast<void>(warp(Image(), {}, 4, 4)); }, {"empty"});
}

}  // namespace
}  // namespace unmask
