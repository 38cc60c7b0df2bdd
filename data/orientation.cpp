// SPDX-License-Identifier: Apache-2.0
#include "data/orientation.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace unmask {

Image oriented(Image&& image, int orientation) {
    if (orientation < 2 || orientation > 8) return std::move(image);
    const bool transposed = orientation >= 5;
    const int width = image.width, height = image.height;
    Image result(transposed ? height : width, transposed ? width : height);
    // Where the seen picture's pixel (x, y) is stored: transposed ones swap the axes, then each axis may be
    // mirrored.
    const bool mirror_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirror_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (int y = 0; y < result.height; ++y) {
        for (int x = 0; x < result.width; ++x) {
            const int column = transposed ? y : x, row = transposed ? x : y;
            const uint8_t* source =
                image.at(mirror_x ? width - 1 - column : column, mirror_y ? height - 1 - row : row);
            std::copy_n(source, 3, result.at(x, y));
        }
    }
    return result;
}

int orientation_of_matrix(int32_t a, int32_t b, int32_t c, int32_t d) {
    const auto size = [](int32_t value) { return std::abs(int64_t{value}); };
    const auto of_signs = [](int32_t first, int32_t second, std::array<int, 4> orientations) {
        return orientations[size_t(2 * (first < 0) + (second < 0))];
    };
    if (size(a) + size(d) >= size(b) + size(c)) return of_signs(a, d, {1, 4, 2, 3});
    return of_signs(b, c, {5, 6, 8, 7});
}

}  // namespace unmask
