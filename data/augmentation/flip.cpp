// SPDX-License-Identifier: Apache-2.0
// Left and right exchanged. There is no half a flip: any strength above 0 flips.
#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_flip(std::span<const double>, double strength, PhiloxSequence&, int, int, AugmentationDraw& draw) {
    if (strength > 0) draw.stages |= flip_stage;
}

}  // namespace unmask
