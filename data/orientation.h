// SPDX-License-Identifier: Apache-2.0
// Turning a stored picture the way it is meant to be seen.
#pragma once

#include <cstdint>

#include "data/image.h"

namespace unmask {

// EXIF orientation, 1 to 8 (EXIF 2.3, tag 0x0112): 1 as stored, 3 turned by 180 degrees, 6 to be turned by 90
// degrees clockwise, 8 by 270; 2, 4, 5 and 7 are mirrored. Other values count as 1.
[[nodiscard]] Image oriented(Image&& image, int orientation);

// The orientation that a video's display matrix stands for: a stored pixel (x, y) is seen at (a·x + c·y, b·x
// + d·y), moved into the picture (ISO/IEC 14496-12, 6.2.2). Other angles than multiples of 90 degrees count
// as the nearest.
[[nodiscard]] int orientation_of_matrix(int32_t a, int32_t b, int32_t c, int32_t d);

}  // namespace unmask
