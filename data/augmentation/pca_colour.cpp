// SPDX-License-Identifier: Apache-2.0
// A step along the principal components of the picture's own colours: the sum over them of (normal number
// with `deviation` · eigenvalue) component, the same for every pixel (Krizhevsky et al. 2012, section 4.1).
// What is drawn are three independent normal numbers; why they suffice: pca_step in
// engine/ops/augment_pixel.h.
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_pca_colour(std::span<const double> parameters, double strength, PhiloxSequence& random, int, int,
                     AugmentationDraw& draw) {
    const double deviation = parameters[0] * strength;
    if (deviation <= 0) return;
    for (float& weight : draw.pca_weights) {
        // Box and Muller's method; 1 - u is never 0.
        const double radius = std::sqrt(-2 * std::log(1 - random.uniform(0, 1)));
        weight =
            static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * random.uniform(0, 1)));
    }
    draw.stages |= pca_colour_stage;
}

}  // namespace unmask
