// SPDX-License-Identifier: Apache-2.0
// value ← (1 + contrast) · (value - 127.5) + 127.5 + 255 · brightness, both drawn from ±their parameter.
#include <algorithm>
#include <array>
#include <cmath>

#include "data/augmentation/augmentation.h"

namespace unmask {

void augment_brightness_contrast(Image& image, std::span<const double> parameters, double strength,
                                 PhiloxSequence& random) {
    const double brightness = 255 * strength * random.uniform(-parameters[0], parameters[0]);
    const double factor = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    std::array<uint8_t, 256> table{};
    for (int value = 0; value < 256; ++value) {
        const double changed = factor * (value - 127.5) + 127.5 + brightness;
        table[size_t(value)] = uint8_t(std::clamp(std::lround(changed), 0L, 255L));
    }
    for (uint8_t& value : image.pixels) value = table[value];
}

}  // namespace unmask
