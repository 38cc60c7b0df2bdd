// SPDX-License-Identifier: Apache-2.0
// Another camera's colours: channels shifted, hue turned, saturation and value scaled, brightness and
// contrast changed. All of it together is one affine map of RGB.
#pragma once

#include <array>

#include "data/image.h"
#include "engine/philox.h"

namespace unmask {

struct ColourJitterOptions {
    double channel = 20;  // largest shift of each channel, of 255, in three of ten pictures
    double channel_share = 0.3;
    double hue = 8;           // largest turn in degrees
    double saturation = 0.2;  // largest change of the chroma's factor
    double value = 0.1;       // largest change of the whole's factor
    double brightness = 0.1;  // largest shift, share of 255
    double contrast = 0.1;    // largest change of the factor about the middle grey
};

struct ColourJitter {
    std::array<double, 3> channels{};  // of 255
    double hue = 0;                    // radians
    double saturation = 1, value = 1, contrast = 1;
    double brightness = 0;  // of 255
};

[[nodiscard]] ColourJitter draw_colour_jitter(const ColourJitterOptions& options, double strength,
                                              PhiloxSequence& random);
void apply(Image& image, const ColourJitter& jitter);

}  // namespace unmask
