// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_model_dlib.h"
#include "engine/error.h"

namespace unmask {

bool landmarks_available() {
    return false;
}

std::shared_ptr<const LandmarkModel> load_dlib_landmarks(const std::filesystem::path& file) {
    fail("{}: this build of unmask has no dlib to read it with", file.string());
}

}  // namespace unmask
