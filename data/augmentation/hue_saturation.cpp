// SPDX-License-Identifier: Apache-2.0
// The chroma of every pixel turned by a drawn angle and scaled by a drawn factor, luma kept: with (Cb, Cr) as
// in ITU-R BT.601, (Cb, Cr) ← (1 + saturation) · rotation(hue) · (Cb, Cr). One linear map for the whole
// picture.
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_hue_saturation(std::span<const double> parameters, double strength, PhiloxSequence& random, int,
                         int, AugmentationDraw& draw) {
    if (strength <= 0) return;
    const double angle = strength * random.uniform(-parameters[0], parameters[0]) * std::numbers::pi / 180;
    const double factor = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    draw.hue_cosine = float(factor * std::cos(angle));
    draw.hue_sine = float(factor * std::sin(angle));
    draw.stages |= hue_saturation_stage;
}

}  // namespace unmask
