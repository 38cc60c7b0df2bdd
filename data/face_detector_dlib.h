// SPDX-License-Identifier: Apache-2.0
// The detector "dlib" of face_detector.h, in builds with and without dlib.
#pragma once

#include <memory>

#include "data/face_detector.h"

namespace unmask {

[[nodiscard]] bool dlib_available();

// Error in a build without dlib.
[[nodiscard]] std::unique_ptr<FaceDetector> make_dlib_detector();

}  // namespace unmask
