// SPDX-License-Identifier: Apache-2.0
// Preparing drawn faces with dlib's detector and landmarks: what is kept, aligned, counted and done again.
#include <gtest/gtest.h>

#include <cmath>

#include "data/face_detector.h"
#include "data/landmarks/alignment.h"
#include "data/landmarks/landmark_file.h"
#include "data/landmarks/landmark_model.h"
#include "data/picture.h"
#include "data/prepare/coverage.h"
#include "data/prepare/prepare.h"
#include "data/synthetic/face.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// Photos: a face, two faces side by side, none, and a broken file.
class PreparingFaces : public ::testing::Test {
  protected:
    void SetUp() override {
        if (installed_landmark_model().empty()) GTEST_SKIP() << "no dlib, or libdlib-data is not installed";
        fs::create_directories(input);
        const Image one = draw_face(make_identity(3), make_view(4), 300).image;
        const Image other = draw_face(make_identity(8), make_view(9), 300).image;
        Image two(600, 300);
        for (int y = 0; y < 300; ++y) {
            std::copy_n(one.at(0, y), 900, two.at(0, y));
            std::copy_n(other.at(0, y), 900, two.at(300, y));
        }
        write_png(input / "one.png", one);
        write_png(input / "two.png", two);
        write_png(input / "none.png", numbered_frame(5));
        write_content(input / "broken.png", file_content(input / "one.png").substr(0, 2000));
    }
    PrepareOptions options() {
        PrepareOptions options;
        options.input = input;
        options.output = output;
        options.size = 128;
        options.label = 0;
        return options;
    }
    TemporaryFolder folder;
    const fs::path input = folder / "photos", output = folder / "out";
};

TEST_F(PreparingFaces, EveryPhotoIsCountedAndTheReasonSaid) {
    const PrepareReport report = prepare_faces(options());
    EXPECT_EQ(report.rows, 2);
    const std::vector<VideoReport> lines = read_coverage(output / "coverage.csv");
    ASSERT_EQ(lines.size(), 4u);
    const auto line = [&](const std::string& video) {
        for (const VideoReport& found : lines)
            if (found.video == video) return found;
        ADD_FAILURE() << video << " is not in coverage.csv";
        return VideoReport{};
    };
    EXPECT_EQ(line("one").faces, 1);
    EXPECT_EQ(line("one").several_faces, 0);
    EXPECT_EQ(line("two").faces, 1);
    EXPECT_EQ(line("two").several_faces, 1);
    EXPECT_EQ(line("none").faces, 0);
    EXPECT_EQ(line("none").no_face, 1);
    EXPECT_NE(line("none").problem.find("no face found"), std::string::npos);
    EXPECT_EQ(line("broken").decoded, 0);
    EXPECT_NE(line("broken").problem.find("broken.png"), std::string::npos);
    // A run that takes everything over counts the same.
    const std::string before = file_content(output / "coverage.csv");
    EXPECT_EQ(prepare_faces(options()).reused, 3);
    EXPECT_EQ(file_content(output / "coverage.csv"), before);
}

TEST_F(PreparingFaces, LandmarksAreKeptInThePixelsOfTheCrop) {
    prepare_faces(options());
    const fs::path crops = output / "crops/photos/one";
    const LandmarkTable table = read_landmarks(crops);
    ASSERT_EQ(table.size(), 1u);
    const Landmarks& landmarks = table.at("000000.png");
    ASSERT_EQ(landmarks.size(), size_t(landmark_count));
    for (const Point& p : landmarks) {
        EXPECT_GT(p.x, -10);
        EXPECT_LT(p.x, 138);
    }
    EXPECT_LT(landmarks[36].x, landmarks[45].x);  // eyes from left to right, above mouth and chin
    EXPECT_LT(landmarks[36].y, landmarks[62].y);
    EXPECT_LT(landmarks[62].y, landmarks[8].y);
    // Without them the crop is the same and the video is done again; a lost file brings them back.
    const Image with = read_picture(crops / "000000.png");
    PrepareOptions none = options();
    none.landmarks = "none";
    none.overwrite = true;
    EXPECT_EQ(prepare_faces(none).reused, 0);
    EXPECT_FALSE(fs::exists(landmark_file(crops)));
    EXPECT_EQ(read_picture(crops / "000000.png"), with);
    PrepareOptions again = options();
    again.overwrite = true;
    EXPECT_EQ(prepare_faces(again).reused, 0);
    EXPECT_EQ(read_landmarks(crops), table);
    fs::remove(landmark_file(crops));
    EXPECT_EQ(prepare_faces(options()).reused, 2);
    EXPECT_EQ(read_landmarks(crops), table);
}

TEST_F(PreparingFaces, AlignedFacesStandAtTheirPlaces) {
    PrepareOptions aligned = options();
    aligned.align = true;
    EXPECT_EQ(prepare_faces(aligned).rows, 2);
    EXPECT_TRUE(read_crop_settings(output / "faces.csv")->aligned);
    const Landmarks landmarks = read_landmarks(output / "crops/photos/one").at("000000.png");
    const auto points = alignment_points(landmarks), target = alignment_target(128, 1.3);
    for (size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(points[i].x, target[i].x, 6) << i;
        EXPECT_NEAR(points[i].y, target[i].y, 6) << i;
    }
    EXPECT_EQ(read_picture(output / "crops/photos/one/000000.png").width, 128);
    // Crops of two kinds do not mix in one manifest.
    PrepareOptions other = options();
    fs::create_directories(folder / "more");
    fs::copy(input / "one.png", folder / "more/three.png");
    other.input = folder / "more";
    expect_error([&] { prepare_faces(other); }, {"aligned", "another output folder"});
}

TEST_F(PreparingFaces, RefusesWhatCannotBeAligned) {
    PrepareOptions wrong = options();
    wrong.align = true;
    wrong.detector = "whole";
    expect_error([&] { prepare_faces(wrong); }, {"aligned", "dlib", "whole"});
    wrong = options();
    wrong.align = true;
    wrong.landmarks = "none";
    expect_error([&] { prepare_faces(wrong); }, {"aligned", "landmarks"});
    wrong.landmarks = (folder / "gone.dat").string();
    expect_error([&] { prepare_faces(wrong); }, {"gone.dat", "no such file"});
    EXPECT_FALSE(fs::exists(output / "records"));
}

TEST(DrawnFaces, HaveTheirLandmarksWhereTheModelFindsThem) {
    if (installed_landmark_model().empty()) GTEST_SKIP() << "no dlib, or libdlib-data is not installed";
    const std::shared_ptr<const LandmarkModel> model = load_landmark_model();
    const std::unique_ptr<FaceDetector> detector = make_face_detector("dlib");
    int found = 0;
    for (uint64_t i = 0; i < 6; ++i) {
        const DrawnFace drawn = draw_face(make_identity(i), make_view(100 + i), 300);
        const std::vector<Face> faces = detector->detect(drawn.image);
        if (faces.empty()) continue;
        ++found;
        const Landmarks landmarks = model->find(drawn.image, faces[0].box);
        const auto known = drawn.landmarks.alignment();
        const double eyes = std::hypot(known[1].x - known[0].x, known[1].y - known[0].y);
        const auto middle = [&](size_t first) {
            Point sum;
            for (size_t k = first; k < first + 6; ++k)
                sum = {sum.x + landmarks[k].x / 6, sum.y + landmarks[k].y / 6};
            return sum;
        };
        for (const auto& [point, place] : {std::pair{middle(36), known[0]}, {middle(42), known[1]}}) {
            EXPECT_NEAR(point.x, place.x, 0.25 * eyes) << i;
            EXPECT_NEAR(point.y, place.y, 0.25 * eyes) << i;
        }
    }
    EXPECT_GE(found, 4);
}

}  // namespace
}  // namespace unmask
