// SPDX-License-Identifier: Apache-2.0
// Independent Gaussian noise on every value, its deviation drawn up to `deviation`.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {
namespace {

// The normal distribution's values at 4096 evenly spaced quantiles: a lookup with 12 random bits costs a
// small part of a logarithm and a cosine.
const std::array<float, 4096>& normal_table() {
    static const std::array<float, 4096> table = [] {
        std::array<float, 4096> values{};
        // The distribution function inverted by bisection: slow, exact enough, done once.
        for (size_t i = 0; i < values.size(); ++i) {
            const double quantile = (double(i) + 0.5) / double(values.size());
            double low = -8, high = 8;
            for (int step = 0; step < 60; ++step) {
                const double middle = (low + high) / 2;
                (0.5 * std::erfc(-middle / std::numbers::sqrt2) < quantile ? low : high) = middle;
            }
            values[i] = float((low + high) / 2);
        }
        return values;
    }();
    return table;
}

}  // namespace

void augment_noise(Image& image, std::span<const double> parameters, double strength,
                   PhiloxSequence& random) {
    const auto deviation = float(random.uniform(0, parameters[0] * strength));
    if (deviation <= 0) return;
    const std::array<float, 4096>& table = normal_table();
    uint32_t bits = 0;
    for (size_t i = 0; i < image.pixels.size(); ++i) {
        bits = i % 2 == 0 ? random.bits() : bits >> 16;
        const float value = float(image.pixels[i]) + deviation * table[bits & 4095u];
        image.pixels[i] = uint8_t(std::clamp(std::lround(value), 0L, 255L));
    }
}

}  // namespace unmask
