// SPDX-License-Identifier: Apache-2.0
// The chroma of every pixel turned by a drawn angle and scaled by a drawn factor, luma kept: with (Cb, Cr) as
// in ITU-R BT.601, (Cb, Cr) ← (1 + saturation) · rotation(hue) · (Cb, Cr). One linear map for the whole
// picture.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {

void augment_hue_saturation(Image& image, std::span<const double> parameters, double strength,
                            PhiloxSequence& random) {
    if (strength <= 0) return;
    const double angle = strength * random.uniform(-parameters[0], parameters[0]) * std::numbers::pi / 180;
    const double factor = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    const auto cosine = float(factor * std::cos(angle)), sine = float(factor * std::sin(angle));
    for (size_t i = 0; i < image.pixels.size(); i += 3) {
        uint8_t* pixel = &image.pixels[i];
        const auto red = float(pixel[0]), green = float(pixel[1]), blue = float(pixel[2]);
        const float luma = 0.299f * red + 0.587f * green + 0.114f * blue;
        const float cb = (blue - luma) / 1.772f, cr = (red - luma) / 1.402f;
        const float turned_cb = cosine * cb - sine * cr, turned_cr = sine * cb + cosine * cr;
        const float new_red = luma + 1.402f * turned_cr, new_blue = luma + 1.772f * turned_cb;
        const float new_green = (luma - 0.299f * new_red - 0.114f * new_blue) / 0.587f;
        pixel[0] = uint8_t(std::clamp(std::lround(new_red), 0L, 255L));
        pixel[1] = uint8_t(std::clamp(std::lround(new_green), 0L, 255L));
        pixel[2] = uint8_t(std::clamp(std::lround(new_blue), 0L, 255L));
    }
}

}  // namespace unmask
