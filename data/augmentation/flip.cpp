// SPDX-License-Identifier: Apache-2.0
// Left and right exchanged. There is no half a flip: any strength above 0 flips.
#include <algorithm>

#include "data/augmentation/augmentation.h"

namespace unmask {

void augment_flip(Image& image, std::span<const double>, double strength, PhiloxSequence&) {
    if (strength <= 0) return;
    for (int y = 0; y < image.height; ++y) {
        for (int left = 0, right = image.width - 1; left < right; ++left, --right)
            std::swap_ranges(image.at(left, y), image.at(left, y) + 3, image.at(right, y));
    }
}

}  // namespace unmask
