// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/face.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "data/face_detector.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Mean absolute difference of the pixels' values, 0 to 255.
double difference(const Image& a, const Image& b) {
    EXPECT_EQ(a.pixels.size(), b.pixels.size());
    double sum = 0;
    for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int(a.pixels[i]) - int(b.pixels[i]));
    return sum / double(a.pixels.size());
}

std::vector<FacePoint> all_points(const FaceLandmarks& marks) {
    std::vector<FacePoint> points = marks.inner_face;
    points.insert(points.end(),
                  {marks.left_eye, marks.right_eye, marks.left_brow, marks.right_brow, marks.nose_tip,
                   marks.left_mouth, marks.right_mouth, marks.mouth, marks.chin});
    return points;
}

TEST(SyntheticFace, SameSeedsDrawTheSameBytes) {
    for (const int size : {32, 97, 160}) {
        const DrawnFace a = draw_face(make_identity(7), make_view(8), size);
        const DrawnFace b = draw_face(make_identity(7), make_view(8), size);
        EXPECT_EQ(a.image.width, size);
        EXPECT_EQ(a.image.height, size);
        EXPECT_EQ(a.image, b.image);
    }
}

TEST(SyntheticFace, OtherSeedsDrawOtherBytes) {
    const FaceIdentity person = make_identity(7);
    const FaceView view = make_view(8);
    const Image image = draw_face(person, view, 96).image;
    EXPECT_GT(difference(image, draw_face(make_identity(9), view, 96).image), 2.0);
    EXPECT_GT(difference(image, draw_face(person, make_view(9), 96).image), 2.0);
    FaceView other_noise = view;
    ++other_noise.noise_seed;
    EXPECT_NE(image, draw_face(person, other_noise, 96).image);
}

// Without the camera's noise and with the same view, any two of the people differ inside the face itself.
TEST(SyntheticFace, PeopleAreDistinct) {
    FaceView view = make_view(3);
    view.noise = 0;
    std::vector<Image> faces;
    for (uint64_t seed = 0; seed < 24; ++seed) {
        const DrawnFace drawn = draw_face(make_identity(seed), view, 96);
        faces.push_back(crop(drawn.image, {28, 30, 40, 44}));
    }
    for (size_t i = 0; i < faces.size(); ++i)
        for (size_t j = 0; j < i; ++j) EXPECT_GT(difference(faces[i], faces[j]), 3.0) << i << " and " << j;
}

TEST(SyntheticFace, TraitsVaryWithinPlausibleBounds) {
    int bearded = 0, bald = 0, freckled = 0;
    float lightest = 0, darkest = 1;
    std::set<std::pair<float, float>> shapes;
    for (uint64_t seed = 0; seed < 400; ++seed) {
        const FaceIdentity person = make_identity(seed);
        EXPECT_TRUE(shapes.emplace(person.head_width, person.eye_distance).second) << seed;
        bearded += person.beard > 0;
        bald += person.hair_style == HairStyle::bald;
        freckled += person.freckles > 0;
        lightest = std::max(lightest, person.skin.x);
        darkest = std::min(darkest, person.skin.x);
        EXPECT_GT(person.eye_distance, 0.25f);
        EXPECT_LT(person.eye_distance, 0.33f);
        EXPECT_LT(person.mouth_height, -person.nose_length - 0.05f);
        EXPECT_GT(person.skin.x, person.skin.z);
    }
    EXPECT_GT(bearded, 5);
    EXPECT_GT(bald, 5);
    EXPECT_GT(freckled, 20);
    EXPECT_GT(lightest, 0.65f);
    EXPECT_LT(darkest, 0.25f);
}

TEST(SyntheticFace, LandmarksLieInThePictureAndInOrder) {
    constexpr int size = 128;
    for (uint64_t seed = 0; seed < 40; ++seed) {
        const DrawnFace drawn = draw_face(make_identity(seed), make_view(seed + 100), size);
        const FaceLandmarks& at = drawn.landmarks;
        for (const FacePoint& point : all_points(at)) {
            EXPECT_GE(point.x, 0) << seed;
            EXPECT_GE(point.y, 0) << seed;
            EXPECT_LE(point.x, size) << seed;
            EXPECT_LE(point.y, size) << seed;
        }
        EXPECT_LT(at.left_eye.x + 0.1 * size, at.right_eye.x);
        EXPECT_LT(at.left_mouth.x, at.right_mouth.x);
        EXPECT_LT(at.left_brow.y, at.left_eye.y);
        EXPECT_LT(at.left_eye.y, at.nose_tip.y);
        EXPECT_LT(at.nose_tip.y, at.mouth.y);
        EXPECT_LT(at.mouth.y, at.chin.y);
        for (const FacePoint& point : at.alignment()) {
            EXPECT_GE(point.x, drawn.face.x);
            EXPECT_LE(point.x, drawn.face.x + drawn.face.width);
            EXPECT_GE(point.y, drawn.face.y);
            EXPECT_LE(point.y, drawn.face.y + drawn.face.height);
        }
    }
}

// The pupils are where the landmarks say: around the eye's middle it is much darker than on the cheek.
TEST(SyntheticFace, EyesAreAtTheirLandmarks) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
        FaceIdentity person = make_identity(seed);
        person.skin = {0.62f, 0.40f, 0.29f};
        person.iris = {0.05f, 0.03f, 0.02f};
        FaceView view = make_view(seed);
        view.blink = view.gaze_x = view.gaze_y = view.noise = 0;
        view.light_azimuth = 0;
        const DrawnFace drawn = draw_face(person, view, 256);
        for (const FacePoint& eye : {drawn.landmarks.left_eye, drawn.landmarks.right_eye}) {
            const int x = int(eye.x), y = int(eye.y);
            int pupil = 255;  // beside the light's reflection
            for (int dy = -2; dy <= 2; ++dy)
                for (int dx = -2; dx <= 2; ++dx)
                    pupil = std::min(pupil, int(drawn.image.at(x + dx, y + dy)[1]));
            EXPECT_LT(pupil, 0.5 * drawn.image.at(x, y + 24)[1]) << seed;
        }
    }
}

TEST(SyntheticFace, PoseTurnsTheFace) {
    FaceView view;
    const FaceIdentity person = make_identity(1);
    const auto nose = [&] { return draw_face(person, view, 64).landmarks.nose_tip; };
    const FacePoint straight = nose();
    view.yaw = 0.3f;
    EXPECT_GT(nose().x, straight.x + 2);
    view.yaw = 0;
    view.pitch = 0.2f;
    EXPECT_LT(nose().y, straight.y - 1);
    view.pitch = 0;
    view.roll = 0.3f;
    EXPECT_GT(nose().x, straight.x + 0.5);  // the crown goes left, what is below the centre right
}

TEST(SyntheticFace, TooSmallAPictureIsAnError) {
    EXPECT_THROW((void)draw_face(make_identity(1), make_view(1), 31), Error);
}

TEST(SyntheticAnimation, StartsAtTheViewAndMovesSmoothly) {
    constexpr int size = 96;
    constexpr double frame = 1.0 / 25;
    for (uint64_t seed = 0; seed < 3; ++seed) {
        const FaceIdentity person = make_identity(seed);
        FaceView view = make_view(seed);
        view.noise = 0;
        view.blink = 0;
        Image before;
        FacePoint nose_before;
        double moved = 0;
        float widest_blink = 0;
        for (int i = 0; i < 100; ++i) {
            const FaceView now = animate(view, i * frame);
            if (i == 0) {
                EXPECT_FLOAT_EQ(now.yaw, view.yaw);
                EXPECT_FLOAT_EQ(now.smile, std::clamp(view.smile, -0.15f, 1.0f));
                EXPECT_FLOAT_EQ(now.mouth_open, view.mouth_open);
            }
            widest_blink = std::max(widest_blink, now.blink);
            const DrawnFace drawn = draw_face(person, now, size);
            if (i > 0) {
                EXPECT_LT(difference(drawn.image, before), 5.0) << i;
                EXPECT_LT(std::abs(drawn.landmarks.nose_tip.x - nose_before.x), 1.0f) << i;
                EXPECT_LT(std::abs(drawn.landmarks.nose_tip.y - nose_before.y), 1.0f) << i;
                moved += difference(drawn.image, before);
            }
            before = drawn.image;
            nose_before = drawn.landmarks.nose_tip;
        }
        EXPECT_GT(moved, 20.0);
        EXPECT_GT(widest_blink, 0.5f);  // at least one blink in four seconds
    }
}

TEST(SyntheticAnimation, NoiseDiffersFromFrameToFrame) {
    const FaceView view = make_view(4);
    EXPECT_NE(animate(view, 0.00).noise_seed, animate(view, 0.04).noise_seed);
    EXPECT_EQ(animate(view, 0.04).noise_seed, animate(view, 0.04).noise_seed);
}

TEST(SyntheticFace, DetectorFindsTheFaces) {
    if (!face_detector_available("dlib")) GTEST_SKIP() << "built without dlib";
    const auto detector = make_face_detector("dlib");
    constexpr int count = 60;
    int found = 0;
    for (uint64_t seed = 0; seed < count; ++seed) {
        const DrawnFace drawn = draw_face(make_identity(seed), make_view(seed + 5000), 256);
        const std::vector<Face> faces = detector->detect(drawn.image);
        if (faces.size() != 1) continue;
        const Box& box = faces[0].box;
        const double dx = box.x + box.width / 2.0 - drawn.face.x - drawn.face.width / 2.0;
        const double dy = box.y + box.height / 2.0 - drawn.face.y - drawn.face.height / 2.0;
        const double limit = 0.2 * drawn.face.width;
        found += std::abs(dx) < limit && std::abs(dy) < limit && box.width > 0.7 * drawn.face.width &&
                 box.width < 1.4 * drawn.face.width;
    }
    EXPECT_GE(found, 57) << "of " << count;
}

}  // namespace
}  // namespace unmask
