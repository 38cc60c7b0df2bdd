// SPDX-License-Identifier: Apache-2.0
// Sharpening: value ← value + amount · Σ (value - neighbour) over the eight neighbours.
#pragma once

#include "data/image.h"
#include "engine/philox.h"

namespace unmask {

struct SharpenOptions {
    double least = 0.05, most = 0.25;
};

struct Sharpen {
    double amount = 0;
};

[[nodiscard]] Sharpen draw_sharpen(const SharpenOptions& options, double strength, PhiloxSequence& random);

// A neighbour beyond the edge is the edge.
void apply(Image& image, const Sharpen& sharpen);

}  // namespace unmask
