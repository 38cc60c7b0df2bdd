// SPDX-License-Identifier: Apache-2.0
// Every channel moves towards the luma Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), by the strength's
// share.
#include <cmath>

#include "data/augmentation/augmentation.h"

namespace unmask {

void augment_grey(Image& image, std::span<const double>, double strength, PhiloxSequence&) {
    if (strength <= 0) return;
    const auto share = float(strength);
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
        uint8_t* pixel = &image.pixels[i];
        const float luma = 0.299f * float(pixel[0]) + 0.587f * float(pixel[1]) + 0.114f * float(pixel[2]);
        for (int c = 0; c < 3; ++c)
            pixel[c] = uint8_t(std::lround(float(pixel[c]) + share * (luma - float(pixel[c]))));
    }
}

}  // namespace unmask
