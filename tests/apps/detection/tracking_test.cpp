// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/tracking.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

// One colour with a little of a second.
Appearance looks(uint8_t red, uint8_t green, uint8_t blue, int share_of_black = 0) {
    Image image(10, 10);
    for (int i = 0; i < 100; ++i) {
        uint8_t* pixel = &image.pixels[size_t(i) * 3];
        const bool black = i < share_of_black;
        pixel[0] = black ? 0 : red;
        pixel[1] = black ? 0 : green;
        pixel[2] = black ? 0 : blue;
    }
    return appearance_of(image);
}

const Appearance anna = looks(200, 120, 90), ben = looks(90, 60, 40);
using Numbers = std::vector<int64_t>;

TEST(Tracking, OverlapIsIntersectionOverUnion) {
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150);
    EXPECT_DOUBLE_EQ(overlap({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
    EXPECT_DOUBLE_EQ(overlap({-2000000000, 0, 10, 10}, {2000000000, 0, 10, 10}), 0);
}

TEST(Tracking, SimilarityIsOfColours) {
    EXPECT_NEAR(similarity(anna, anna), 1, 1e-6);
    EXPECT_NEAR(similarity(anna, ben), 0, 1e-6);
    EXPECT_NEAR(similarity(anna, looks(200, 120, 90, 36)), 0.8, 1e-6);  // √(1 · 0.64)
}

TEST(Tracking, AFaceKeepsItsTrackWhileItMovesAndGrows) {
    FaceTracker tracker;
    for (int i = 0; i < 20; ++i) {
        const std::vector<SeenFace> faces{{{10 * i, 5, 40 + i, 40 + i}, anna},
                                          {{500 - 10 * i, 5, 40, 40}, ben}};
        EXPECT_EQ(tracker.next(faces), (Numbers{0, 1})) << i;
    }
    // In another order, as the largest comes first.
    EXPECT_EQ(tracker.next(std::vector<SeenFace>{{{300, 5, 40, 40}, ben}, {{200, 5, 40, 40}, anna}}),
              (Numbers{1, 0}));
}

TEST(Tracking, PeopleWhoLookAlikeAreToldApartByTheirPlaces) {
    FaceTracker tracker;
    const SeenFace left{{0, 0, 50, 50}, anna}, right{{200, 0, 50, 50}, anna};
    EXPECT_EQ(tracker.next(std::vector{left, right}), (Numbers{0, 1}));
    EXPECT_EQ(tracker.next(std::vector{right, left}), (Numbers{1, 0}));
    EXPECT_EQ(tracker.next(std::vector{right}), (Numbers{1}));
}

TEST(Tracking, AnotherPersonInTheSamePlaceIsAnotherTrack) {
    FaceTracker tracker;
    const Box box{10, 10, 50, 50};
    EXPECT_EQ(tracker.next(std::vector<SeenFace>{{box, anna}}), (Numbers{0}));
    EXPECT_EQ(tracker.next(std::vector<SeenFace>{{box, ben}}), (Numbers{1}));
    EXPECT_EQ(tracker.next(std::vector<SeenFace>{{box, anna}}), (Numbers{0}));  // the camera cuts back
}

TEST(Tracking, ATrackSurvivesMissedFramesButNotManyOfThem) {
    FaceTracker tracker;
    const std::vector<SeenFace> face{{{10, 10, 50, 50}, anna}};
    EXPECT_EQ(tracker.next(face), (Numbers{0}));
    for (int64_t i = 0; i < FaceTracker::most_missed; ++i) EXPECT_TRUE(tracker.next({}).empty());
    EXPECT_EQ(tracker.next(face), (Numbers{0}));
    for (int64_t i = 0; i <= FaceTracker::most_missed; ++i) EXPECT_TRUE(tracker.next({}).empty());
    EXPECT_EQ(tracker.next(face), (Numbers{1}));
}

}  // namespace
}  // namespace unmask
