// SPDX-License-Identifier: Apache-2.0
// Photos that show one picture more than once: copies that were mirrored, scaled, brightened or saved anew.
#pragma once

#include <cstddef>
#include <vector>

#include "data/image.h"

namespace unmask {

// What a picture looks like from afar: its luma on 16 × 16 places, of mean 0 and length 1. All zero for a
// picture of one colour, which is like nothing.
using Look = std::vector<float>;
[[nodiscard]] Look look_of(const Image& image);

// For every look the first one that it is a near copy of, directly or by way of others; itself when there is
// none. Near copies correlate by more than 0.97, as they are or mirrored: of the 124,251 pairs among 499 web
// photos of faces, cut alike, 144 did, 160 by more than 0.93. Time grows with the square of the number.
[[nodiscard]] std::vector<size_t> near_copy_groups(const std::vector<Look>& looks);

}  // namespace unmask
