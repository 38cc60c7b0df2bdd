// SPDX-License-Identifier: Apache-2.0
// From 8-bit RGB to what the networks take: x = (value / 255 - mean) / deviation per channel, by default with
// the ImageNet statistics that pretrained backbones were made with.
#pragma once

#include <array>
#include <cstdint>

#include "data/image.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {

struct Normalisation {
    std::array<double, 3> mean{0.485, 0.456, 0.406};  // RGB
    std::array<double, 3> deviation{0.229, 0.224, 0.225};
};

// Fills output [height, width, 3] with the normalised image.
inline void normalise(const Image& image, const Normalisation& normalisation, float* output) {
    const NormalisationScale norm = normalisation_scale(normalisation.mean, normalisation.deviation);
    const uint8_t* pixels = image.pixels.data();
    for (size_t i = 0; i < image.pixels.size(); i += 3)
        for (size_t c = 0; c < 3; ++c) output[i + c] = float(pixels[i + c]) * norm.scale[c] + norm.shift[c];
}

}  // namespace unmask
