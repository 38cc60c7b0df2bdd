// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/colour_jitter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace unmask {
namespace {

// Luma of ITU-R BT.601.
constexpr std::array<double, 3> luma{0.299, 0.587, 0.114};

// Row i: what each of R, G, B gives to channel i. Chroma, the two differences (B - Y)/1.772 and (R -
// Y)/1.402, is turned and scaled; luma stays.
std::array<std::array<double, 3>, 3> chroma_map(double hue, double saturation) {
    const double cosine = saturation * std::cos(hue), sine = saturation * std::sin(hue);
    std::array<std::array<double, 3>, 3> map{};
    for (size_t k = 0; k < 3; ++k) {
        const double y = luma[k];
        const double cb = ((k == 2 ? 1 : 0) - y) / 1.772, cr = ((k == 0 ? 1 : 0) - y) / 1.402;
        const double blue = cosine * cb - sine * cr, red = sine * cb + cosine * cr;
        map[0][k] = y + 1.402 * red;
        map[1][k] = y - (luma[0] * 1.402 * red + luma[2] * 1.772 * blue) / luma[1];
        map[2][k] = y + 1.772 * blue;
    }
    return map;
}

}  // namespace

ColourJitter draw_colour_jitter(const ColourJitterOptions& options, double strength, PhiloxSequence& random) {
    const auto around = [&](double centre, double range) {
        return centre + strength * random.uniform(-range, range);
    };
    ColourJitter jitter;
    const bool shifts = random.chance(options.channel_share);
    for (double& channel : jitter.channels) channel = around(0, shifts ? options.channel : 0);
    jitter.hue = around(0, options.hue) * std::numbers::pi / 180;
    jitter.saturation = around(1, options.saturation);
    jitter.value = around(1, options.value);
    jitter.contrast = around(1, options.contrast);
    jitter.brightness = 255 * around(0, options.brightness);
    return jitter;
}

void apply(Image& image, const ColourJitter& jitter) {
    const double factor = jitter.value * jitter.contrast;
    std::array<std::array<float, 4>, 3> map{};
    const auto chroma = chroma_map(jitter.hue, jitter.saturation);
    bool same = true;
    for (size_t i = 0; i < 3; ++i) {
        for (size_t k = 0; k < 3; ++k) {
            map[i][k] = float(factor * chroma[i][k]);
            same = same && std::abs(map[i][k] - (i == k ? 1.f : 0.f)) < 1e-6f;
        }
        map[i][3] = float((1 - jitter.contrast) * 127.5 + jitter.brightness + jitter.channels[i]);
        same = same && map[i][3] == 0;
    }
    if (same) return;
    for (size_t p = 0; p < image.pixels.size(); p += 3) {
        uint8_t* pixel = &image.pixels[p];
        const float red = pixel[0], green = pixel[1], blue = pixel[2];
        for (size_t i = 0; i < 3; ++i) {
            const auto& row = map[i];
            pixel[i] = uint8_t(
                std::clamp(row[0] * red + row[1] * green + row[2] * blue + row[3] + 0.5f, 0.f, 255.f));
        }
    }
}

}  // namespace unmask
