// SPDX-License-Identifier: Apache-2.0
// Finding the landmarks of a face whose box is known.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/image.h"
#include "data/landmarks/point.h"

namespace unmask {

class LandmarkModel {
  public:
    virtual ~LandmarkModel() = default;

    // The 68 landmarks of the face in the box, which is to be one of the detector "dlib"; they may lie
    // outside the picture. Any number of threads may ask.
    [[nodiscard]] virtual Landmarks find(const Image& image, const Box& box) const = 0;
};

// Where Debian's libdlib-data and builds of dlib from source put shape_predictor_68_face_landmarks.dat.
[[nodiscard]] const std::vector<std::filesystem::path>& landmark_model_places();

// The first of those places where there is a file; empty when there is none or the build has no dlib.
[[nodiscard]] std::filesystem::path installed_landmark_model();

// dlib's regression trees (Kazemi and Sullivan, "One millisecond face alignment with an ensemble of
// regression trees", CVPR 2014) from the file, or from the installed one when the path is empty. Error: no
// dlib in this build, no such file and none installed, a file of something else, a model of other than 68
// points.
[[nodiscard]] std::shared_ptr<const LandmarkModel> load_landmark_model(
    const std::filesystem::path& path = {});

}  // namespace unmask
