// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/sharpen.h"

#include <algorithm>

namespace unmask {

Sharpen draw_sharpen(const SharpenOptions& options, double strength, PhiloxSequence& random) {
    return {strength * random.uniform(options.least, options.most)};
}

void apply(Image& image, const Sharpen& sharpen) {
    if (sharpen.amount == 0) return;
    const Image original = image;
    const auto amount = float(sharpen.amount);
    for (int y = 0; y < image.height; ++y) {
        const uint8_t* rows[3] = {original.at(0, std::max(0, y - 1)), original.at(0, y),
                                  original.at(0, std::min(image.height - 1, y + 1))};
        for (int x = 0; x < image.width; ++x) {
            const int columns[3] = {std::max(0, x - 1) * 3, x * 3, std::min(image.width - 1, x + 1) * 3};
            uint8_t* out = image.at(x, y);
            for (int i = 0; i < 3; ++i) {
                int sum = 0;
                for (const uint8_t* row : rows)
                    for (const int column : columns) sum += row[column + i];
                const int value = rows[1][columns[1] + i];
                out[i] =
                    uint8_t(std::clamp(float(value) + amount * float(9 * value - sum) + 0.5f, 0.f, 255.f));
            }
        }
    }
}

}  // namespace unmask
