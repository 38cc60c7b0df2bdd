// SPDX-License-Identifier: Apache-2.0
// A picture with colours and gentle detail everywhere, none of it near black or white.
#pragma once

#include <cmath>

#include "data/image.h"

namespace unmask {

inline Image smooth_picture(int width, int height) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int i = 0; i < 3; ++i)
                image.at(x, y)[i] = uint8_t(128 + 15 * (i - 1) + 30 * std::sin(0.31 * x + i) +
                                            25 * std::cos(0.23 * y - 0.17 * x));
    return image;
}

}  // namespace unmask
