// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/face_crop.h"

#include "data/landmarks/alignment.h"
#include "engine/error.h"

namespace unmask {

FaceCrop cut_face(const Image& image, const Box& box, const CropStyle& style, const LandmarkModel* model) {
    FaceCrop face;
    if (model != nullptr) face.landmarks = model->find(image, box);
    if (style.aligned) {
        if (model == nullptr) fail("aligned face crops need a model of landmarks, found none");
        const Similarity to_crop = alignment_of(face.landmarks, style.size, style.margin);
        face.image = warp(image, to_crop, style.size, style.size);
        for (Point& point : face.landmarks) point = to_crop(point);
        return face;
    }
    const Box square = square_with_margin(box, style.margin);
    face.image = resize(crop(image, square), style.size, style.size);
    const double scale = double(style.size) / square.width;
    for (Point& point : face.landmarks)
        point = {(point.x - square.x + 0.5) * scale - 0.5, (point.y - square.y + 0.5) * scale - 0.5};
    return face;
}

}  // namespace unmask
