// SPDX-License-Identifier: Apache-2.0
#include "data/face_detector_dlib.h"
#include "engine/error.h"

namespace unmask {

bool dlib_available() {
    return false;
}

std::unique_ptr<FaceDetector> make_dlib_detector() {
    fail(
        "this build of unmask has no face detector \"dlib\"; install dlib (Debian: libdlib-dev) and build "
        "again, or "
        "choose \"whole\" for pictures that already are face crops");
}

}  // namespace unmask
