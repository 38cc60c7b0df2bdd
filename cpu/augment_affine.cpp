// SPDX-License-Identifier: Apache-2.0
// Shift, scale and rotation about the centre, sampled bilinearly; what comes from outside repeats the nearest
// edge pixel.
#include <vector>

#include "cpu/augment_picture.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {

void apply_affine(const PictureView& picture, const AugmentationDraw& draw) {
    std::vector<uint8_t> copy(picture.pixels, picture.pixels + picture.values());
    const PictureView source{copy.data(), picture.width, picture.height};
    for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x) {
            const AffineSource from = affine_source(draw, x, y, picture.width, picture.height);
            const uint8_t *a = source.at(from.left, from.top), *b = source.at(from.right, from.top);
            const uint8_t *c = source.at(from.left, from.bottom), *d = source.at(from.right, from.bottom);
            uint8_t* out = picture.at(x, y);
            for (int i = 0; i < 3; ++i) out[i] = static_cast<uint8_t>(from.between(a[i], b[i], c[i], d[i]));
        }
}

}  // namespace unmask
