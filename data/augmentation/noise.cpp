// SPDX-License-Identifier: Apache-2.0
// Independent Gaussian noise on every value, its deviation drawn up to `deviation`.
#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_noise(std::span<const double> parameters, double strength, PhiloxSequence& random, int, int,
                AugmentationDraw& draw) {
    draw.noise_deviation = float(random.uniform(0, parameters[0] * strength));
    if (draw.noise_deviation <= 0) return;
    draw.noise_key = random.key();
    draw.noise_step = random.step();
    draw.noise_element = random.element();
    draw.stages |= noise_stage;
}

}  // namespace unmask
