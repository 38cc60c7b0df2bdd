// SPDX-License-Identifier: Apache-2.0
// Shift, scale and rotation about the centre, sampled bilinearly; what comes from outside repeats the nearest
// edge pixel.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/augmentation/augmentation.h"

namespace unmask {

void augment_affine(Image& image, std::span<const double> parameters, double strength,
                    PhiloxSequence& random) {
    const double shift_x = strength * random.uniform(-parameters[0], parameters[0]) * image.width;
    const double shift_y = strength * random.uniform(-parameters[0], parameters[0]) * image.height;
    const double scale = 1 + strength * random.uniform(-parameters[1], parameters[1]);
    const double angle = strength * random.uniform(-parameters[2], parameters[2]) * std::numbers::pi / 180;
    if (shift_x == 0 && shift_y == 0 && scale == 1 && angle == 0) return;
    // From a target pixel back to its source: turned by -angle and divided by the scale about the centre.
    const double cosine = std::cos(angle) / scale, sine = std::sin(angle) / scale;
    const double center_x = (image.width - 1) / 2.0, center_y = (image.height - 1) / 2.0;
    const Image source = image;
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x) {
            const double dx = x - center_x - shift_x, dy = y - center_y - shift_y;
            const double u = std::clamp(center_x + cosine * dx + sine * dy, 0.0, double(image.width - 1));
            const double v = std::clamp(center_y - sine * dx + cosine * dy, 0.0, double(image.height - 1));
            const int left = int(u), top = int(v);
            const int right = std::min(left + 1, image.width - 1),
                      bottom = std::min(top + 1, image.height - 1);
            const auto fu = float(u - left), fv = float(v - top);
            const uint8_t *a = source.at(left, top), *b = source.at(right, top);
            const uint8_t *c = source.at(left, bottom), *d = source.at(right, bottom);
            uint8_t* out = image.at(x, y);
            for (int i = 0; i < 3; ++i) {
                const float above = float(a[i]) + fu * (float(b[i]) - float(a[i]));
                const float below = float(c[i]) + fu * (float(d[i]) - float(c[i]));
                out[i] = uint8_t(std::lround(above + fv * (below - above)));
            }
        }
    }
}

}  // namespace unmask
