// SPDX-License-Identifier: Apache-2.0
// The landmarks of a manifest's crops, wherever they are: in landmarks.csv beside the pictures, or in a
// packed shard.
#pragma once

#include <map>
#include <string>

#include "data/landmarks/point.h"
#include "data/manifest.h"

namespace unmask {

// By the row's path, of the rows whose crop has some; in pixels of the stored crop. Error for a landmarks.csv
// or a part of a shard that cannot be understood.
[[nodiscard]] std::map<std::string, Landmarks> landmarks_of(const Manifest& manifest);

// Where the landmarks of a picture of width × height are once it is resized to size × size.
[[nodiscard]] Landmarks resized_landmarks(Landmarks landmarks, int width, int height, int size);

}  // namespace unmask
