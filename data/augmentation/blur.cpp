// SPDX-License-Identifier: Apache-2.0
// Gaussian blur, its deviation in pixels drawn up to `sigma`; edges repeat.
#include <algorithm>
#include <cmath>
#include <vector>

#include "data/augmentation/augmentation.h"

namespace unmask {
namespace {

std::vector<float> gaussian(double sigma) {
    const int radius = std::max(1, int(std::ceil(3 * sigma)));
    std::vector<float> weights(size_t(2 * radius + 1));
    double total = 0;
    for (int i = -radius; i <= radius; ++i) total += std::exp(-0.5 * i * i / (sigma * sigma));
    for (int i = -radius; i <= radius; ++i)
        weights[size_t(i + radius)] = float(std::exp(-0.5 * i * i / (sigma * sigma)) / total);
    return weights;
}

}  // namespace

void augment_blur(Image& image, std::span<const double> parameters, double strength, PhiloxSequence& random) {
    const double sigma = random.uniform(0, parameters[0] * strength);
    if (sigma < 1e-3) return;
    const std::vector<float> weights = gaussian(sigma);
    const int radius = int(weights.size() / 2);
    std::vector<float> rows(image.pixels.size());  // blurred along x
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
            float* out = &rows[(size_t(y) * image.width + x) * 3];
            for (int k = -radius; k <= radius; ++k) {
                const uint8_t* in = image.at(std::clamp(x + k, 0, image.width - 1), y);
                for (int c = 0; c < 3; ++c) out[c] += weights[size_t(k + radius)] * float(in[c]);
            }
        }
    }
    std::vector<float> sums(size_t(image.width) * 3);
    for (int y = 0; y < image.height; ++y) {
        std::ranges::fill(sums, 0.0f);
        for (int k = -radius; k <= radius; ++k) {
            const float* in = &rows[size_t(std::clamp(y + k, 0, image.height - 1)) * image.width * 3];
            for (size_t i = 0; i < sums.size(); ++i) sums[i] += weights[size_t(k + radius)] * in[i];
        }
        uint8_t* out = image.at(0, y);
        for (size_t i = 0; i < sums.size(); ++i) out[i] = uint8_t(std::clamp(std::lround(sums[i]), 0L, 255L));
    }
}

}  // namespace unmask
