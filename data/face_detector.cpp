// SPDX-License-Identifier: Apache-2.0
#include "data/face_detector.h"

#include <algorithm>
#include <tuple>

#include "data/face_detector_dlib.h"
#include "engine/error.h"

namespace unmask {
namespace {

class WholePicture : public FaceDetector {
  public:
    std::vector<Face> detect(const Image& image) override {
        if (image.empty()) return {};
        return {Face{Box{0, 0, image.width, image.height}, 1.0}};
    }
};

struct DetectorEntry {
    const char* name;
    bool (*available)();
    std::unique_ptr<FaceDetector> (*make)();
};

constexpr DetectorEntry detectors[] = {
    {"dlib", &dlib_available, &make_dlib_detector},
    {"whole", [] { return true; },
     []() -> std::unique_ptr<FaceDetector> { return std::make_unique<WholePicture>(); }},
};

}  // namespace

std::unique_ptr<FaceDetector> make_face_detector(std::string_view name) {
    std::string names;
    for (const DetectorEntry& entry : detectors) {
        if (name == entry.name) return entry.make();
        names += names.empty() ? entry.name : std::string(" or ") + entry.name;
    }
    fail("face detector: expected {}, found \"{}\"", names, name);
}

std::vector<std::string> face_detector_names() {
    std::vector<std::string> names;
    for (const DetectorEntry& entry : detectors) names.emplace_back(entry.name);
    return names;
}

bool face_detector_available(std::string_view name) {
    return std::any_of(std::begin(detectors), std::end(detectors),
                       [&](const DetectorEntry& entry) { return name == entry.name && entry.available(); });
}

void sort_faces(std::vector<Face>& faces) {
    std::sort(faces.begin(), faces.end(), [](const Face& a, const Face& b) {
        return std::tuple(-a.box.area(), -a.confidence, a.box.y, a.box.x) <
               std::tuple(-b.box.area(), -b.confidence, b.box.y, b.box.x);
    });
}

}  // namespace unmask
