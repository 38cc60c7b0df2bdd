// SPDX-License-Identifier: Apache-2.0
// The picture of one face out of a larger one, for a face and landmarks that are known.
#pragma once

#include "data/image.h"
#include "data/landmarks/point.h"

namespace unmask {

struct CropStyle {
    int size = 256;        // side in pixels
    double margin = 1.3;   // side of the crop over the longer side of the face's box, or of the aligned face
    bool aligned = false;  // turned and scaled by the landmarks (landmarks/alignment.h) instead of the box
};

struct FaceCrop {
    Image image;          // size × size
    Landmarks landmarks;  // in the crop's pixels; empty when not known
};

// The face in the box, or where the landmarks are when the style is aligned. Landmarks are in the picture's
// pixels; they may be empty unless the style is aligned (Error).
[[nodiscard]] FaceCrop face_picture(const ImageView& image, const Box& box, const CropStyle& style,
                                    Landmarks landmarks);

}  // namespace unmask
