// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/face_crop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "data/landmarks/alignment.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// Knows where the landmarks of a drawn face are.
class Told : public LandmarkModel {
  public:
    explicit Told(Landmarks landmarks) : landmarks_(std::move(landmarks)) {}
    Landmarks find(const Image&, const Box&) const override { return landmarks_; }

  private:
    Landmarks landmarks_;
};

class FaceCrops : public ::testing::Test {
  protected:
    // A grey picture with a white square of 9 pixels around each of the five landmarks of a turned face.
    void SetUp() override {
        std::fill(image.pixels.begin(), image.pixels.end(), uint8_t(60));
        const auto target = alignment_target(200, 1.3);
        const size_t numbers[] = {37, 44, 30, 49, 55};
        for (size_t i = 0; i < 5; ++i) {
            const Point p = landmarks[numbers[i]] = face(target[i]);
            for (int y = -4; y <= 4; ++y)
                for (int x = -4; x <= 4; ++x)
                    std::fill_n(image.at(int(std::lround(p.x)) + x, int(std::lround(p.y)) + y), 3,
                                uint8_t(250));
        }
    }
    const Similarity face{0.9, 0.45, 120, 20};
    Image image{400, 300};
    Landmarks landmarks = Landmarks(landmark_count, Point{200, 130});
    const Box box{110, 60, 120, 110};
};

TEST_F(FaceCrops, LandmarksGoWithTheBoxCrop) {
    const Told model(landmarks);
    const FaceCrop cut = cut_face(image, box, {.size = 96, .margin = 2}, &model);
    EXPECT_EQ(cut.image, resize(crop(image, square_with_margin(box, 2)), 96, 96));
    ASSERT_EQ(cut.landmarks.size(), landmarks.size());
    for (const size_t i : {37, 44, 30, 49, 55}) {
        const Point p = cut.landmarks[i];
        EXPECT_GT(*cut.image.at(int(std::lround(p.x)), int(std::lround(p.y))), 200) << i;
    }
    EXPECT_TRUE(cut_face(image, box, {.size = 96}, nullptr).landmarks.empty());
}

TEST_F(FaceCrops, AlignedCropsHaveTheFaceAtItsPlace) {
    const Told model(landmarks);
    const CropStyle style{.size = 128, .margin = 1.3, .aligned = true};
    const FaceCrop cut = cut_face(image, box, style, &model);
    EXPECT_EQ(cut.image.width, 128);
    EXPECT_EQ(cut.image.height, 128);
    const auto target = alignment_target(128, 1.3);
    const size_t numbers[] = {37, 44, 30, 49, 55};
    for (size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(cut.landmarks[numbers[i]].x, target[i].x, 1e-6);
        EXPECT_NEAR(cut.landmarks[numbers[i]].y, target[i].y, 1e-6);
        EXPECT_GT(*cut.image.at(int(std::lround(target[i].x)), int(std::lround(target[i].y))), 200) << i;
    }
    expect_error([&] { static_cast<void>(cut_face(image, box, style, nullptr)); }, {"model of landmarks"});
}

}  // namespace
}  // namespace unmask
