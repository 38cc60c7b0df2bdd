// SPDX-License-Identifier: Apache-2.0
// Where a forged face covers the picture: a share in [0, 1] a pixel.
#pragma once

#include <span>
#include <vector>

#include "data/landmarks/point.h"

namespace unmask {

struct Mask {
    int width = 0, height = 0;
    std::vector<float> values;  // [height, width]

    Mask(int width, int height) : width(width), height(height), values(size_t(width) * size_t(height)) {}
    [[nodiscard]] float& at(int x, int y) { return values[size_t(y) * size_t(width) + size_t(x)]; }
    [[nodiscard]] float at(int x, int y) const { return values[size_t(y) * size_t(width) + size_t(x)]; }
    bool operator==(const Mask&) const = default;
};

// 1 inside the convex polygon (points in order around it), 0 outside, the covered share along its edge.
[[nodiscard]] Mask polygon_mask(std::span<const Point> polygon, int width, int height);

// Three running means in both directions, together nearly a Gaussian of that deviation in pixels; what lies
// beyond the edge repeats it. Nothing for a deviation below half a pixel.
void blur(Mask& mask, double deviation);

}  // namespace unmask
