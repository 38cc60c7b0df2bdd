// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/source_shift.h"

namespace unmask {

SourceShift draw_source_shift(const SourceShiftOptions& options, double strength, PhiloxSequence& random) {
    SourceShift shift;
    shift.x = strength * random.uniform(-options.x, options.x);
    shift.y = strength * random.uniform(-options.y, options.y);
    shift.scale = 1 + strength * random.uniform(-options.scale, options.scale);
    return shift;
}

Similarity similarity_of(const SourceShift& shift, int width, int height) {
    return {shift.scale, 0, (1 - shift.scale) * (width - 1) / 2.0 + shift.x * width,
            (1 - shift.scale) * (height - 1) / 2.0 + shift.y * height};
}

}  // namespace unmask
