// SPDX-License-Identifier: Apache-2.0
// The picture of one face, as `unmask prepare` stores it and `unmask detect` shows it to a model.
#pragma once

#include "data/image.h"
#include "data/landmarks/landmark_model.h"

namespace unmask {

struct CropStyle {
    int size = 256;        // side in pixels
    double margin = 1.3;   // side of the crop over the longer side of the face's box, or of the aligned face
    bool aligned = false;  // turned and scaled by the landmarks (landmarks/alignment.h) instead of the box
};

struct FaceCrop {
    Image image;          // size × size
    Landmarks landmarks;  // in the crop's pixels; empty without a model
};

// The face in the box. The model may be null; an aligned crop without one is an Error.
[[nodiscard]] FaceCrop cut_face(const Image& image, const Box& box, const CropStyle& style,
                                const LandmarkModel* model);

}  // namespace unmask
