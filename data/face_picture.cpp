// SPDX-License-Identifier: Apache-2.0
#include "data/face_picture.h"

#include <utility>

#include "data/landmarks/alignment.h"

namespace unmask {

FaceCrop face_picture(const ImageView& image, const Box& box, const CropStyle& style, Landmarks landmarks) {
    FaceCrop face;
    face.landmarks = std::move(landmarks);
    if (style.aligned) {
        const Similarity to_crop = alignment_of(face.landmarks, style.size, style.margin);
        face.image = warp(image, to_crop, style.size, style.size);
        for (Point& point : face.landmarks) point = to_crop(point);
        return face;
    }
    const Box square = square_with_margin(box, style.margin);
    face.image = resize_part(image, square, style.size, style.size);
    const double scale = double(style.size) / square.width;
    for (Point& point : face.landmarks)
        point = {(point.x - square.x + 0.5) * scale - 0.5, (point.y - square.y + 0.5) * scale - 0.5};
    return face;
}

}  // namespace unmask
