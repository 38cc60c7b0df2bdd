// SPDX-License-Identifier: Apache-2.0
// landmarks.csv: the landmarks of the face crops in one folder, beside them. One line a crop,
// `file,x0,y0,…,x67,y67`, in the crop's own pixels.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "data/landmarks/point.h"

namespace unmask {

using LandmarkTable = std::map<std::string, Landmarks>;  // by the crop's file name

// FOLDER/landmarks.csv.
[[nodiscard]] std::filesystem::path landmark_file(const std::filesystem::path& folder);

// Writes the folder's table atomically, with hundredths of pixels.
void write_landmarks(const std::filesystem::path& folder, const LandmarkTable& table);

// The folder's table; empty when it has none. Error names file and line of what cannot be understood.
[[nodiscard]] LandmarkTable read_landmarks(const std::filesystem::path& folder);

}  // namespace unmask
