// SPDX-License-Identifier: Apache-2.0
// The forged face stands a little beside its place: shifted and scaled about the picture's middle.
#pragma once

#include "data/landmarks/alignment.h"
#include "engine/philox.h"

namespace unmask {

struct SourceShiftOptions {
    double x = 0.03, y = 0.015;  // largest shift, share of the side
    double scale = 0.05;         // largest change of the size's factor
};

struct SourceShift {
    double x = 0, y = 0, scale = 1;  // shares of the sides; a factor
};

[[nodiscard]] SourceShift draw_source_shift(const SourceShiftOptions& options, double strength,
                                            PhiloxSequence& random);

// From the picture to the picture moved.
[[nodiscard]] Similarity similarity_of(const SourceShift& shift, int width, int height);

}  // namespace unmask
