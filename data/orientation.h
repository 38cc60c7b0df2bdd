// SPDX-License-Identifier: Apache-2.0
// Turning a stored picture the way it is meant to be seen.
#pragma once

#include "data/image.h"

namespace unmask {

// EXIF orientation, 1 to 8 (EXIF 2.3, tag 0x0112): 1 as stored, 3 turned by 180 degrees, 6 to be turned by 90
// degrees clockwise, 8 by 270; 2, 4, 5 and 7 are mirrored. Other values count as 1.
[[nodiscard]] Image oriented(Image&& image, int orientation);

}  // namespace unmask
