// SPDX-License-Identifier: Apache-2.0
// value ← (1 + contrast) · (value - 127.5) + 127.5 + 255 · brightness, both drawn from ±their parameter.
#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_brightness_contrast(std::span<const double> parameters, double strength, PhiloxSequence& random,
                              int, int, AugmentationDraw& draw) {
    draw.brightness = 255 * strength * random.uniform(-parameters[0], parameters[0]);
    draw.contrast = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    if (draw.brightness != 0 || draw.contrast != 1) draw.stages |= brightness_contrast_stage;
}

}  // namespace unmask
