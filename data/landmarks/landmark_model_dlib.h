// SPDX-License-Identifier: Apache-2.0
// dlib's landmarks behind landmark_model.h, in builds with and without dlib.
#pragma once

#include "data/landmarks/landmark_model.h"

namespace unmask {

[[nodiscard]] bool landmarks_available();

// Error in a build without dlib, and for a file that is no model of 68 points.
[[nodiscard]] std::shared_ptr<const LandmarkModel> load_dlib_landmarks(const std::filesystem::path& file);

}  // namespace unmask
