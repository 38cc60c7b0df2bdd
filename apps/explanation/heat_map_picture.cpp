// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/heat_map_picture.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace unmask {
namespace {

struct Colour {
    float red, green, blue, cover;  // cover: share of the colour over the face
};

// Evenly spaced from 0 to 1.
constexpr std::array<Colour, 5> colours{{
    {60, 0, 110, 0.0f},
    {110, 10, 150, 0.35f},
    {215, 45, 75, 0.6f},
    {250, 140, 30, 0.7f},
    {255, 230, 90, 0.75f},
}};

Colour colour_of(float value) {
    const float place = std::clamp(value, 0.f, 1.f) * float(colours.size() - 1);
    const size_t below = std::min(size_t(place), colours.size() - 2);
    const float share = place - float(below);
    const Colour &a = colours[below], &b = colours[below + 1];
    const auto mix = [&](float x, float y) { return x + (y - x) * share; };
    return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue), mix(a.cover, b.cover)};
}

float largest(const HeatMap& map) {
    return map.values.empty() ? 0 : *std::ranges::max_element(map.values);
}

}  // namespace

Image heat_map_picture(const Image& face, const HeatMap& map, float full) {
    Image result = face;
    if (!(full > 0)) return result;
    const HeatMap values = enlarged(map, face.width, face.height);
    for (size_t i = 0; i < values.values.size(); ++i) {
        const Colour colour = colour_of(values.values[i] / full);
        const std::array<float, 3> over{colour.red, colour.green, colour.blue};
        for (size_t c = 0; c < 3; ++c) {
            uint8_t& pixel = result.pixels[3 * i + c];
            pixel = uint8_t(std::lround(float(pixel) * (1 - colour.cover) + over[c] * colour.cover));
        }
    }
    return result;
}

HeatScale scale_of(const HeatMaps& maps) {
    HeatScale scale{.whole = largest(maps.whole), .branches = 0};
    for (const HeatMap& branch : maps.branches) scale.branches = std::max(scale.branches, largest(branch));
    return scale;
}

}  // namespace unmask
