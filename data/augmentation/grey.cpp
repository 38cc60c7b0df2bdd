// SPDX-License-Identifier: Apache-2.0
// Every channel moves towards the luma by the strength's share.
#include "data/augmentation/augmentation.h"

namespace unmask {

void draw_grey(std::span<const double>, double strength, PhiloxSequence&, int, int, AugmentationDraw& draw) {
    if (strength <= 0) return;
    draw.grey_share = float(strength);
    draw.stages |= grey_stage;
}

}  // namespace unmask
