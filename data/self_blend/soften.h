// SPDX-License-Identifier: Apache-2.0
// The mask's edge: eroded by a random width, then blurred by another.
#pragma once

#include "data/self_blend/mask.h"
#include "engine/philox.h"

namespace unmask {

struct SoftenOptions {
    double erosion = 0.03;                    // largest width that is taken away, share of the side
    double softest = 0.03, sharpest = 0.004;  // deviations of the blur, shares of the side
};

struct Soften {
    double erosion = 0, blur = 0;  // shares of the side
};

[[nodiscard]] Soften draw_soften(const SoftenOptions& options, double strength, PhiloxSequence& random);

// Values stay in [0, 1]; the erosion is that of a straight edge.
void soften(Mask& mask, const Soften& draw);

}  // namespace unmask
