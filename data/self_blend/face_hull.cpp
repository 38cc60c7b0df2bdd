// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/face_hull.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/error.h"

namespace unmask {
namespace {

// From the brows to the hairline, over the way from the chin to the bridge of the nose.
constexpr double forehead = 0.3;

// The ellipse's half-axes over the side of the box, which dlib puts around brows and chin.
constexpr double half_width = 0.42, half_height = 0.54;
constexpr int ellipse_points = 48;

void append(std::vector<Point>& points, const Landmarks& landmarks, size_t first, size_t last) {
    points.insert(points.end(), landmarks.begin() + std::ptrdiff_t(first),
                  landmarks.begin() + std::ptrdiff_t(last) + 1);
}

}  // namespace

FacePart draw_face_part(PhiloxSequence& random) {
    return FacePart(random.below(face_parts));
}

std::vector<Point> convex_hull(std::vector<Point> points) {
    std::ranges::sort(points,
                      [](const Point& a, const Point& b) { return a.x < b.x || (a.x == b.x && a.y < b.y); });
    points.erase(std::unique(points.begin(), points.end()), points.end());
    if (points.size() < 3) return points;
    const auto turns_left = [](const Point& a, const Point& b, const Point& c) {
        return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x) > 0;
    };
    std::vector<Point> hull;
    const auto walk = [&](auto first, auto last) {
        const size_t begin = hull.size();
        for (auto point = first; point != last; ++point) {
            while (hull.size() >= begin + 2 && !turns_left(hull[hull.size() - 2], hull.back(), *point))
                hull.pop_back();
            hull.push_back(*point);
        }
        hull.pop_back();  // begins the other half
    };
    walk(points.begin(), points.end());
    walk(points.rbegin(), points.rend());
    return hull;
}

std::vector<Point> landmark_hull(const Landmarks& landmarks, FacePart part) {
    if (landmarks.size() != size_t(landmark_count))
        fail("self-blend: expected {} landmarks, found {}", landmark_count, landmarks.size());
    std::vector<Point> points;
    switch (part) {
        case FacePart::face: {
            points = landmarks;
            const Point chin = landmarks[8], bridge = landmarks[27];
            for (size_t i = 17; i <= 26; ++i)
                points.push_back({landmarks[i].x + forehead * (bridge.x - chin.x),
                                  landmarks[i].y + forehead * (bridge.y - chin.y)});
            break;
        }
        case FacePart::below_brow:
            points = landmarks;
            break;
        case FacePart::features:
            append(points, landmarks, 17, 67);
            break;
        case FacePart::lower_face:
            append(points, landmarks, 2, 14);
            append(points, landmarks, 29, 35);
            break;
    }
    return convex_hull(std::move(points));
}

std::vector<Point> box_hull(int width, int height, double box_share, FacePart part) {
    double x_axis = half_width * box_share * width, y_axis = half_height * box_share * height;
    if (part == FacePart::below_brow) y_axis *= 0.9;
    if (part == FacePart::features) {
        x_axis *= 0.7;
        y_axis *= 0.7;
    }
    std::vector<Point> points;
    for (int i = 0; i < ellipse_points; ++i) {
        const double angle = 2 * std::numbers::pi * i / ellipse_points;
        const double y = std::sin(angle);
        points.push_back(
            {(width - 1) / 2.0 + x_axis * std::cos(angle),
             (height - 1) / 2.0 + y_axis * (part == FacePart::lower_face ? std::max(y, -0.05) : y)});
    }
    return convex_hull(std::move(points));
}

}  // namespace unmask
