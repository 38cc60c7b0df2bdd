// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_model_dlib.h"

#include <dlib/array2d.h>
#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/error.h"

namespace unmask {
namespace {

class DlibLandmarks : public LandmarkModel {
  public:
    explicit DlibLandmarks(dlib::shape_predictor predictor) : predictor_(std::move(predictor)) {}

    Landmarks find(const Image& image, const Box& box) const override {
        if (image.empty()) fail("landmarks: expected a picture, found an empty one");
        if (box.width <= 0 || box.height <= 0)
            fail("landmarks: expected a box with a positive size, found {} x {}", box.width, box.height);
        // The trees compare pixels in and around the box only: the rest of a large photo is not copied.
        const int margin = std::max(box.width, box.height);
        const auto clamped = [](int64_t value, int size) { return int(std::clamp<int64_t>(value, 0, size)); };
        const int left = clamped(int64_t{box.x} - margin, image.width - 1);
        const int top = clamped(int64_t{box.y} - margin, image.height - 1);
        const int right = clamped(int64_t{box.x} + box.width + margin, image.width);
        const int bottom = clamped(int64_t{box.y} + box.height + margin, image.height);
        dlib::array2d<dlib::rgb_pixel> pixels(std::max(1, bottom - top), std::max(1, right - left));
        static_assert(sizeof(dlib::rgb_pixel) == 3);
        for (long y = 0; y < pixels.nr(); ++y)
            std::memcpy(static_cast<void*>(&pixels[y][0]), image.at(left, top + int(y)),
                        size_t(pixels.nc()) * 3);
        const dlib::rectangle place(box.x - left, box.y - top, box.x - left + box.width - 1,
                                    box.y - top + box.height - 1);
        const dlib::full_object_detection shape = predictor_(pixels, place);
        Landmarks landmarks;
        for (unsigned long i = 0; i < shape.num_parts(); ++i)
            landmarks.push_back({double(shape.part(i).x() + left), double(shape.part(i).y() + top)});
        return landmarks;
    }

  private:
    dlib::shape_predictor predictor_;
};

}  // namespace

bool landmarks_available() {
    return true;
}

std::shared_ptr<const LandmarkModel> load_dlib_landmarks(const std::filesystem::path& file) {
    dlib::shape_predictor predictor;
    try {
        dlib::deserialize(file.string()) >> predictor;
    } catch (const std::exception&) {  // what it says has several lines
        fail("{}: expected a model of {} face landmarks, found a file that dlib cannot read as one",
             file.string(), landmark_count);
    }
    if (predictor.num_parts() != landmark_count)
        fail("{}: expected a model of {} face landmarks, found one of {}", file.string(), landmark_count,
             predictor.num_parts());
    return std::make_shared<DlibLandmarks>(std::move(predictor));
}

}  // namespace unmask
