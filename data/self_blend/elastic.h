// SPDX-License-Identifier: Apache-2.0
// Elastic deformation of a mask (Simard et al., "Best practices for convolutional neural networks", ICDAR
// 2003): every pixel is taken from a place that a smooth random field says.
#pragma once

#include <array>

#include "data/self_blend/mask.h"
#include "engine/philox.h"

namespace unmask {

struct ElasticOptions {
    double shift = 0.03;  // deviation of the field's knots, share of the side
};

struct Elastic {
    static constexpr int cells = 6;              // a side
    static constexpr int knots = cells + 3;      // of the cubic B-spline between which the field is smooth
    std::array<double, knots * knots> x{}, y{};  // shares of the sides
    bool moves = false;
};

[[nodiscard]] Elastic draw_elastic(const ElasticOptions& options, double strength, PhiloxSequence& random);

// What the field takes from beyond the edge repeats it.
[[nodiscard]] Mask deform(const Mask& mask, const Elastic& elastic);

}  // namespace unmask
