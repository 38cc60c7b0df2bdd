// SPDX-License-Identifier: Apache-2.0
// Shift, scale and rotation about the centre: shares of the sides, a factor and an angle drawn from ± their
// parameters.
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_affine(std::span<const double> parameters, double strength, PhiloxSequence& random, int width,
                 int height, AugmentationDraw& draw) {
    const double shift_x = strength * random.uniform(-parameters[0], parameters[0]) * width;
    const double shift_y = strength * random.uniform(-parameters[0], parameters[0]) * height;
    const double scale = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    const double angle = strength * random.uniform(-parameters[2], parameters[2]) * std::numbers::pi / 180;
    if (shift_x == 0 && shift_y == 0 && scale == 1 && angle == 0) return;
    // From a target pixel back to its source: turned by -angle and divided by the scale about the centre.
    draw.cosine = std::cos(angle) / scale;
    draw.sine = std::sin(angle) / scale;
    draw.shift_x = shift_x;
    draw.shift_y = shift_y;
    draw.stages |= affine_stage;
}

}  // namespace unmask
