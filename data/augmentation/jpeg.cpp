// SPDX-License-Identifier: Apache-2.0
// What compression as JPEG loses, with a quality drawn between `quality` and 100.
#include <cmath>

#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_jpeg(std::span<const double> parameters, double strength, PhiloxSequence& random, int, int,
               AugmentationDraw& draw) {
    if (strength <= 0) return;
    const double lowest = 100 - (100 - parameters[0]) * strength;
    draw.jpeg_quality = int(std::lround(random.uniform(lowest, 100)));
    draw.stages |= jpeg_stage;
}

}  // namespace unmask
