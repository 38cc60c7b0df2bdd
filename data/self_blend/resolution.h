// SPDX-License-Identifier: Apache-2.0
// A lower resolution: made smaller and enlarged again.
#pragma once

#include "data/image.h"
#include "engine/philox.h"

namespace unmask {

struct ResolutionOptions {
    double least = 1.5, most = 4;  // factors by which the side shrinks
};

struct Resolution {
    double factor = 1;
};

[[nodiscard]] Resolution draw_resolution(const ResolutionOptions& options, double strength,
                                         PhiloxSequence& random);
void apply(Image& image, const Resolution& resolution);

}  // namespace unmask
