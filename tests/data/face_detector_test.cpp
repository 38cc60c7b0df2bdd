// SPDX-License-Identifier: Apache-2.0
#include "data/face_detector.h"

#include <gtest/gtest.h>

#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(FaceDetector, WholeTakesThePictureAsItIs) {
    const std::vector<Face> faces = make_face_detector("whole")->detect(Image(30, 40));
    ASSERT_EQ(faces.size(), 1u);
    EXPECT_EQ(faces[0].box, (Box{0, 0, 30, 40}));
    EXPECT_TRUE(make_face_detector("whole")->detect(Image()).empty());
}

TEST(FaceDetector, UnknownNamesAreListed) {
    expect_error([] { static_cast<void>(make_face_detector("retina")); }, {"dlib or whole", "retina"});
    EXPECT_FALSE(face_detector_available("retina"));
    EXPECT_TRUE(face_detector_available("whole"));
    EXPECT_EQ(face_detector_names(), (std::vector<std::string>{"dlib", "whole"}));
}

TEST(FaceDetector, SortsLargestFirst) {
    std::vector<Face> faces{
        {{5, 9, 10, 10}, 0.5}, {{0, 0, 30, 30}, 0.1}, {{5, 2, 10, 10}, 0.5}, {{1, 1, 10, 10}, 0.9}};
    sort_faces(faces);
    EXPECT_EQ(faces[0].box.width, 30);
    EXPECT_EQ(faces[1].confidence, 0.9);
    EXPECT_EQ(faces[2].box.y, 2);
    EXPECT_EQ(faces[3].box.y, 9);
}

TEST(FaceDetector, DlibFindsNothingWhereThereIsNothing) {
    if (!face_detector_available("dlib")) {
        expect_error([] { static_cast<void>(make_face_detector("dlib")); }, {"dlib", "libdlib-dev"});
        GTEST_SKIP() << "built without dlib";
    }
    const std::unique_ptr<FaceDetector> detector = make_face_detector("dlib");
    EXPECT_TRUE(detector->detect(numbered_frame(300)).empty());
    EXPECT_TRUE(detector->detect(Image(1, 1)).empty());
    EXPECT_TRUE(detector->detect(Image(4000, 20)).empty());
    EXPECT_TRUE(detector->detect(Image()).empty());
}

}  // namespace
}  // namespace unmask
