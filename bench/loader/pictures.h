// SPDX-License-Identifier: Apache-2.0
// Pictures to measure with: those of a folder that UNMASK_BENCH_PICTURES names, cut to a square and resized,
// or drawn faces.
#pragma once

#include <vector>

#include "data/image.h"

namespace unmask {

// 64 of them, size × size, the same every time.
[[nodiscard]] const std::vector<Image>& bench_pictures(int size);

}  // namespace unmask
