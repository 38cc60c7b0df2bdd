// SPDX-License-Identifier: Apache-2.0
// Gaussian blur, along the rows and then along the columns; edges repeat.
#include <algorithm>
#include <vector>

#include "cpu/augment_picture.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {

void apply_blur(const PictureView& picture, const AugmentationDraw& draw) {
    const int radius = draw.blur_radius, width = picture.width, height = picture.height;
    const auto weight = [&](int k) { return draw.blur_weights[k < 0 ? -k : k]; };
    const size_t stride = size_t{3} * static_cast<unsigned>(width);
    std::vector<float> rows(picture.values());  // blurred along x
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            float* out = &rows[size_t(y) * stride + size_t(x) * 3];
            for (int k = -radius; k <= radius; ++k) {
                const uint8_t* in = picture.at(std::clamp(x + k, 0, width - 1), y);
                for (int c = 0; c < 3; ++c) out[c] += weight(k) * static_cast<float>(in[c]);
            }
        }
    std::vector<float> sums(stride);
    for (int y = 0; y < height; ++y) {
        std::ranges::fill(sums, 0.0f);
        for (int k = -radius; k <= radius; ++k) {
            const float* in = &rows[size_t(std::clamp(y + k, 0, height - 1)) * stride];
            for (size_t i = 0; i < stride; ++i) sums[i] += weight(k) * in[i];
        }
        uint8_t* out = picture.at(0, y);
        for (size_t i = 0; i < stride; ++i) out[i] = static_cast<uint8_t>(round_to_byte(sums[i]));
    }
}

}  // namespace unmask
