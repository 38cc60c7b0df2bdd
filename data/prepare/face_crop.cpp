// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/face_crop.h"

#include "engine/error.h"

namespace unmask {

FaceCrop cut_face(const Image& image, const Box& box, const CropStyle& style, const LandmarkModel* model) {
    if (style.aligned && model == nullptr) fail("aligned face crops need a model of landmarks, found none");
    return face_picture(image, box, style, model != nullptr ? model->find(image, box) : Landmarks{});
}

}  // namespace unmask
