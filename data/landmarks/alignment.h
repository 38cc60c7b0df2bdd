// SPDX-License-Identifier: Apache-2.0
// Aligned face crops: five landmarks of every face come to the same places, by turning, scaling and shifting.
#pragma once

#include <array>
#include <span>

#include "data/image.h"
#include "data/landmarks/point.h"

namespace unmask {

// (x, y) -> (a·x - b·y + x0, b·x + a·y + y0): scale √(a² + b²), rotation atan2(b, a), shift.
struct Similarity {
    double a = 1, b = 0, x0 = 0, y0 = 0;
    [[nodiscard]] Point operator()(Point p) const { return {a * p.x - b * p.y + x0, b * p.x + a * p.y + y0}; }
    [[nodiscard]] double scale() const;
    [[nodiscard]] Similarity inverse() const;
};

// The similarity with the least sum of squared distances between its images of `from` and `to` (Umeyama,
// "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991; in the plane
// without reflection). Error unless both have as many points, at least two, and `from` are not all the same.
[[nodiscard]] Similarity fit_similarity(std::span<const Point> from, std::span<const Point> to);

// Of 68 landmarks the five that DeepfakeBench aligns by: 37, 44, 30, 49, 55 (eyes, tip of the nose, mouth).
[[nodiscard]] std::array<Point, 5> alignment_points(const Landmarks& landmarks);

// Where those five belong in a crop of size × size pixels. The places are ArcFace's in a square of 112 (Deng
// et al., CVPR 2019), whose sides `margin` makes longer: 1.3 gives DeepfakeBench's crops.
[[nodiscard]] std::array<Point, 5> alignment_target(int size, double margin);

// From the picture to the aligned crop.
[[nodiscard]] Similarity alignment_of(const Landmarks& landmarks, int size, double margin);

// width × height pixels, each taken bilinearly from where `to_crop` has it from; antialiased when it shrinks
// to less than two thirds. What lies outside the picture repeats its nearest edge pixel. Error for an empty
// picture or a size or scale that is not positive.
[[nodiscard]] Image warp(const ImageView& image, const Similarity& to_crop, int width, int height);

}  // namespace unmask
