// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/resolution.h"

#include <algorithm>
#include <cmath>

namespace unmask {

Resolution draw_resolution(const ResolutionOptions& options, double strength, PhiloxSequence& random) {
    return {1 + strength * (random.uniform(options.least, options.most) - 1)};
}

void apply(Image& image, const Resolution& resolution) {
    if (resolution.factor == 1) return;
    const auto smaller = [&](int side) { return std::max(1, int(std::lround(side / resolution.factor))); };
    image = resize(resize(image, smaller(image.width), smaller(image.height)), image.width, image.height);
}

}  // namespace unmask
