// SPDX-License-Identifier: Apache-2.0
#include "embed/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/picture.h"

namespace unmask::embed {
namespace {

constexpr int most_side = 65536;
constexpr int most_coordinate = 1 << 24;

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw BadArgument(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace

void require(const void* pointer, const char* name) {
    if (pointer == nullptr) refuse("expected {}, found NULL", name);
}

void check_structure_size(size_t found, size_t largest) {
    if (found < sizeof(size_t) || found % alignof(size_t) != 0)
        refuse("expected a structure that its UNMASK_..._INIT filled, found one of size {}", found);
    if (found > largest)
        refuse(
            "expected a structure of at most {} bytes, found {}: the program was compiled for a newer "
            "libunmask",
            largest, found);
}

ImageView view_of(const unmask_picture& picture, const std::string& what) {
    if (picture.pixels == nullptr) refuse("{}: expected pixels, found NULL", what);
    if (picture.width < 1 || picture.height < 1 || picture.width > most_side || picture.height > most_side ||
        int64_t{picture.width} * picture.height > max_picture_pixels)
        refuse("{}: expected sides of 1 to {} and at most {} pixels, found {} x {}", what, most_side,
               max_picture_pixels, picture.width, picture.height);
    const size_t row = size_t(picture.width) * 3;
    if (picture.stride != 0 && picture.stride < row)
        refuse("{}: expected a stride of at least {} bytes, found {}", what, row, picture.stride);
    return {picture.pixels, picture.width, picture.height, picture.stride != 0 ? picture.stride : row};
}

Face face_of(const unmask_face& face, const ImageView& picture, const Preprocessing& preprocessing,
             const std::string& what) {
    Face result;
    if (face.landmarks != nullptr) {
        for (int i = 0; i < landmark_count; ++i) {
            const Point point{face.landmarks[2 * i], face.landmarks[2 * i + 1]};
            if (!(std::abs(point.x) <= most_coordinate && std::abs(point.y) <= most_coordinate))
                refuse("{}: expected landmarks in the picture, found ({}, {})", what, point.x, point.y);
            result.landmarks.push_back(point);
        }
    } else if (preprocessing.aligned) {
        refuse("{}: this model needs {} landmarks of each face, found none", what, landmark_count);
    }
    if (preprocessing.aligned) return result;
    const int64_t side = std::max(face.width, face.height);
    const double crop = preprocessing.face_margin * double(side);
    if (face.width < 1 || face.height < 1 || side > 2 * std::max(picture.width, picture.height) ||
        crop * crop > double(max_picture_pixels) || std::abs(int64_t{face.x}) > most_coordinate ||
        std::abs(int64_t{face.y}) > most_coordinate)
        refuse("{}: expected a box of a face in a picture of {} x {}, found {} x {} at ({}, {})", what,
               picture.width, picture.height, face.width, face.height, face.x, face.y);
    result.box = {face.x, face.y, face.width, face.height};
    return result;
}

std::vector<Face> faces_of(const unmask_face* faces, size_t count, const ImageView& picture,
                           const Preprocessing& preprocessing) {
    if (count > 0) require(faces, "faces");
    std::vector<Face> result;
    for (size_t i = 0; i < count; ++i)
        result.push_back(face_of(faces[i], picture, preprocessing, fmt::format("face {}", i)));
    return result;
}

}  // namespace unmask::embed
