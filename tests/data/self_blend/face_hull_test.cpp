// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/face_hull.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <set>

#include "data/self_blend/mask.h"
#include "tests/data/self_blend/drawn_landmarks.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

bool inside(const std::vector<Point>& hull, Point p, double slack = 1e-9) {
    for (size_t i = 0; i < hull.size(); ++i) {
        const Point &a = hull[i], &b = hull[(i + 1) % hull.size()];
        if ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) < -slack) return false;
    }
    return true;
}

double area(const std::vector<Point>& hull) {
    double sum = 0;
    for (size_t i = 0; i < hull.size(); ++i) {
        const Point &a = hull[i], &b = hull[(i + 1) % hull.size()];
        sum += a.x * b.y - b.x * a.y;
    }
    return sum / 2;
}

TEST(FaceHull, IsTheSmallestConvexOutline) {
    const std::vector<Point> hull =
        convex_hull({{0, 0}, {4, 0}, {2, 1}, {4, 3}, {0, 3}, {2, 0}, {0, 0}, {3, 2.5}});
    EXPECT_EQ(hull.size(), 4u);
    EXPECT_EQ(area(hull), 12);
    PhiloxSequence random(3, "hull");
    std::vector<Point> points;
    for (int i = 0; i < 200; ++i) points.push_back({random.normal(), random.normal()});
    const std::vector<Point> outline = convex_hull(points);
    for (const Point& p : points) EXPECT_TRUE(inside(outline, p));
    for (const Point& p : outline) EXPECT_NE(std::ranges::find(points, p), points.end());
    EXPECT_EQ(convex_hull({{1, 1}, {1, 1}}).size(), 1u);
}

TEST(FaceHull, PartsLieWithinTheFace) {
    const Landmarks landmarks = drawn_landmarks(256);
    const std::vector<Point> face = landmark_hull(landmarks, FacePart::face);
    const std::vector<Point> below_brow = landmark_hull(landmarks, FacePart::below_brow);
    const std::vector<Point> features = landmark_hull(landmarks, FacePart::features);
    const std::vector<Point> lower = landmark_hull(landmarks, FacePart::lower_face);
    for (const auto& part : {below_brow, features, lower})
        for (const Point& p : part) EXPECT_TRUE(inside(face, p));
    EXPECT_LT(area(below_brow), area(face));
    EXPECT_LT(area(features), area(below_brow));
    EXPECT_LT(area(lower), area(below_brow));
    // The forehead is above the brows, the lower face below the eyes.
    const auto top = [](const std::vector<Point>& hull) { return std::ranges::min(hull, {}, &Point::y).y; };
    EXPECT_LT(top(face), top(below_brow) - 10);
    EXPECT_GT(top(lower), landmarks[37].y);
    EXPECT_TRUE(inside(features, landmarks[37]));
    EXPECT_FALSE(inside(features, landmarks[8]));
    expect_error([] { static_cast<void>(landmark_hull(Landmarks(67), FacePart::face)); }, {"68", "67"});
}

TEST(FaceHull, WithoutLandmarksAnEllipseInTheBox) {
    const std::vector<Point> face = box_hull(256, 256, 1 / 1.3, FacePart::face);
    const double axes = 0.42 * 0.54 * (256 / 1.3) * (256 / 1.3);
    EXPECT_NEAR(area(face), std::numbers::pi * axes, 0.02 * std::numbers::pi * axes);
    EXPECT_TRUE(inside(face, {127.5, 127.5}));
    for (const Point& p : face) {
        EXPECT_GT(p.y, 0);
        EXPECT_LT(p.y, 255);
    }
    // A wider margin makes the face smaller in its crop.
    EXPECT_NEAR(area(box_hull(256, 256, 1 / 2.6, FacePart::face)), area(face) / 4, 1e-6);
    for (const FacePart part : {FacePart::below_brow, FacePart::features, FacePart::lower_face}) {
        const std::vector<Point> hull = box_hull(256, 256, 1 / 1.3, part);
        EXPECT_LT(area(hull), 0.95 * area(face));
        for (const Point& p : hull) EXPECT_TRUE(inside(face, p, 1e-6));
    }
}

TEST(FaceHull, EveryPartIsDrawn) {
    std::set<FacePart> seen;
    for (uint64_t i = 0; i < 60; ++i) {
        PhiloxSequence random(1, "part", i);
        seen.insert(draw_face_part(random));
    }
    EXPECT_EQ(seen.size(), size_t(face_parts));
}

}  // namespace
}  // namespace unmask
