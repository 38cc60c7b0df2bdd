// SPDX-License-Identifier: Apache-2.0
// The outline that a forged face gets: a convex hull of landmarks, or an ellipse where there are none.
#pragma once

#include <span>
#include <vector>

#include "data/landmarks/point.h"
#include "engine/philox.h"

namespace unmask {

// What is exchanged.
enum class FacePart {
    face,        // with the forehead
    below_brow,  // all 68 landmarks: brows to chin
    features,    // brows, eyes, nose and mouth, without cheeks and chin
    lower_face   // mouth, cheeks and chin
};
inline constexpr int face_parts = 4;

[[nodiscard]] FacePart draw_face_part(PhiloxSequence& random);

// The convex hull, in order around it (Andrew's monotone chain).
[[nodiscard]] std::vector<Point> convex_hull(std::vector<Point> points);

// The hull of the part's landmarks; the forehead is the brows moved up.
[[nodiscard]] std::vector<Point> landmark_hull(const Landmarks& landmarks, FacePart part);

// The part of an ellipse in the middle of a crop of width × height whose face's box is `box_share` of its
// side: 1/1.3 at prepare's margin.
[[nodiscard]] std::vector<Point> box_hull(int width, int height, double box_share, FacePart part);

}  // namespace unmask
