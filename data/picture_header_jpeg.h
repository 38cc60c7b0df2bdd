// SPDX-License-Identifier: Apache-2.0
// The JPEG part of picture_header.h (ITU-T T.81).
#pragma once

#include "data/picture_header.h"

namespace unmask {

// Walks through the segments to the end marker and fills the header. Debian's stb_image trusts a file's Huffman
// tables: that they are possible, and defined before a scan uses them, is looked after here.
void walk_jpeg(std::span<const uint8_t> bytes, PictureHeader& header);

}  // namespace unmask
