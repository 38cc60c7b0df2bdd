// SPDX-License-Identifier: Apache-2.0
#include "data/face_detector_dlib.h"

#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace unmask {
namespace {

// The picture is resized until its longer side has this many pixels, and at most doubled. The detector's
// window is 80 pixels, so that faces from a sixteenth of the longer side (40 pixels in a small picture) are
// found. Of the sizes from 480 to 1920 this one finds most in videos of a whole person (at 640 nearly
// nothing) and loses nothing in close-ups; larger ones cost twice the time (0.1 s a frame here on one core)
// and find no more. Doubling is what DeepfakeBench does too.
constexpr int working_side = 1280;
constexpr double max_enlargement = 2.0;

// Unpacking the detector's weights takes a quarter of a second, a copy nothing.
const dlib::frontal_face_detector& prototype() {
    static const dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
    return detector;
}

double working_scale(const Image& image) {
    return std::min(max_enlargement, double(working_side) / std::max(image.width, image.height));
}

dlib::array2d<dlib::rgb_pixel> to_dlib(const Image& image) {
    dlib::array2d<dlib::rgb_pixel> pixels(image.height, image.width);
    static_assert(sizeof(dlib::rgb_pixel) == 3);
    for (int y = 0; y < image.height; ++y)
        std::memcpy(static_cast<void*>(&pixels[y][0]), image.at(0, y), size_t(image.width) * 3);
    return pixels;
}

class DlibDetector : public FaceDetector {
  public:
    std::vector<Face> detect(const Image& image) override {
        if (image.empty()) return {};
        const double scale = working_scale(image);
        const int width = std::max(1, int(std::lround(image.width * scale)));
        const int height = std::max(1, int(std::lround(image.height * scale)));
        std::vector<dlib::rect_detection> found;
        detector_(to_dlib(resize(image, width, height)), found);
        std::vector<Face> faces;
        for (const dlib::rect_detection& detection : found) {
            const auto back = [&](double value) { return int(std::lround(value / scale)); };
            const dlib::rectangle& box = detection.rect;
            faces.push_back(
                {{back(double(box.left())), back(double(box.top())), std::max(1, back(double(box.width()))),
                  std::max(1, back(double(box.height())))},
                 detection.detection_confidence});
        }
        sort_faces(faces);
        return faces;
    }

  private:
    dlib::frontal_face_detector detector_ = prototype();
};

}  // namespace

bool dlib_available() {
    return true;
}

std::unique_ptr<FaceDetector> make_dlib_detector() {
    return std::make_unique<DlibDetector>();
}

}  // namespace unmask
