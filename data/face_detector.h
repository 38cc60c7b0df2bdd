// SPDX-License-Identifier: Apache-2.0
// Finding faces in a picture.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace unmask {

struct Face {
    Box box;                // in the picture's pixels; may reach beyond its edge
    double confidence = 0;  // the detector's own scale, higher is surer
};

// One instance per thread.
class FaceDetector {
  public:
    virtual ~FaceDetector() = default;

    // The faces, largest first (ties: by confidence, then from the top left); none is an empty list.
    [[nodiscard]] virtual std::vector<Face> detect(const Image& image) = 0;
};

// "dlib": dlib's frontal detector (histograms of oriented gradients, Dalal and Triggs 2005; max-margin object
// detection, King 2015). "whole": the picture already is a face, one box covering all of it. Error for
// another name, and for "dlib" in a build without it.
[[nodiscard]] std::unique_ptr<FaceDetector> make_face_detector(std::string_view name);

// All names, and whether this build has the detector.
[[nodiscard]] std::vector<std::string> face_detector_names();
[[nodiscard]] bool face_detector_available(std::string_view name);

// Sorts as `detect` promises.
void sort_faces(std::vector<Face>& faces);

}  // namespace unmask
