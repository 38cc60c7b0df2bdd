// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/soften.h"

#include <algorithm>
#include <cmath>

namespace unmask {
namespace {

// A blurred straight edge of deviation s falls to this share of 1 at the distance s within the face, so that
// what lies below it, cut away, moves the edge inwards by s.
const double share_at_one_deviation = 0.5 * std::erfc(-1 / std::sqrt(2.0));

// Over how many pixels the new edge rises, so that it has no steps.
constexpr double rise = 1.5;

}  // namespace

Soften draw_soften(const SoftenOptions& options, double strength, PhiloxSequence& random) {
    Soften draw;
    draw.erosion = strength * random.uniform(0, options.erosion);
    draw.blur = strength * random.uniform(options.sharpest, options.softest);
    return draw;
}

void soften(Mask& mask, const Soften& draw) {
    const double erosion = draw.erosion * mask.width;
    if (erosion >= 0.5) {
        blur(mask, erosion);
        // The blurred edge's slope there, of a Gaussian one deviation from its middle.
        const double slope = std::exp(-0.5) / std::sqrt(2 * 3.14159265358979) / erosion;
        for (float& value : mask.values)
            value = float(std::clamp((value - share_at_one_deviation) / (slope * rise) + 0.5, 0.0, 1.0));
    }
    blur(mask, draw.blur * mask.width);
}

}  // namespace unmask
