// SPDX-License-Identifier: Apache-2.0
// The picture of one face, as `unmask prepare` stores it and `unmask detect` shows it to a model.
#pragma once

#include "data/face_picture.h"
#include "data/landmarks/landmark_model.h"

namespace unmask {

// The face in the box. The model may be null; an aligned crop without one is an Error.
[[nodiscard]] FaceCrop cut_face(const Image& image, const Box& box, const CropStyle& style,
                                const LandmarkModel* model);

}  // namespace unmask
