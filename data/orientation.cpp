// SPDX-License-Identifier: Apache-2.0
#include "data/orientation.h"

#include <algorithm>

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

}  // namespace unmask
