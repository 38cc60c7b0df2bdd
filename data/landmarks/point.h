// SPDX-License-Identifier: Apache-2.0
// Points in a picture, and the landmarks of a face.
#pragma once

#include <vector>

namespace unmask {

// In pixels; whole numbers are the centres of pixels, (0, 0) is the top left one.
struct Point {
    double x = 0, y = 0;
    bool operator==(const Point&) const = default;
};

// The 68 points of the iBUG 300-W scheme (Sagonas et al. 2013), from 0: jaw 0-16 from the picture's left ear
// to its right, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67. Empty: not known.
using Landmarks = std::vector<Point>;

inline constexpr int landmark_count = 68;

}  // namespace unmask
