// SPDX-License-Identifier: Apache-2.0
// Gaussian blur, its deviation in pixels drawn up to `sigma`, cut off at three deviations.
#include <algorithm>
#include <cmath>

#include "data/augmentation/augmentation.h"
#include "engine/error.h"

namespace unmask {

void draw_blur(std::span<const double> parameters, double strength, PhiloxSequence& random, int, int,
               AugmentationDraw& draw) {
    set_blur(random.uniform(0, parameters[0] * strength), draw);
}

void set_blur(double sigma, AugmentationDraw& draw) {
    if (sigma < 1e-3) return;
    const int radius = std::max(1, int(std::ceil(3 * sigma)));
    UNMASK_ASSERT(radius <= max_blur_radius);
    double total = 0;
    for (int i = -radius; i <= radius; ++i) total += std::exp(-0.5 * i * i / (sigma * sigma));
    for (int i = 0; i <= radius; ++i)
        draw.blur_weights[i] = float(std::exp(-0.5 * i * i / (sigma * sigma)) / total);
    draw.blur_radius = radius;
    draw.stages |= blur_stage;
}

}  // namespace unmask
