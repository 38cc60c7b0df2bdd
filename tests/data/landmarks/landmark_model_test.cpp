// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_model.h"

#include <gtest/gtest.h>

#include "data/face_detector.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

TEST(LandmarkModel, SaysWhatIsWrongWithTheFile) {
    if (!face_detector_available("dlib")) {
        EXPECT_TRUE(installed_landmark_model().empty());
        expect_error([] { static_cast<void>(load_landmark_model()); }, {"libdlib-dev", "build again"});
        GTEST_SKIP() << "built without dlib";
    }
    const TemporaryFolder folder;
    expect_error([&] { static_cast<void>(load_landmark_model(folder / "none.dat")); },
                 {"none.dat", "no such file"});
    write_content(folder / "text.dat", "not a model");
    expect_error([&] { static_cast<void>(load_landmark_model(folder / "text.dat")); },
                 {"text.dat", "68 face landmarks"});
    if (installed_landmark_model().empty())
        expect_error([] { static_cast<void>(load_landmark_model()); }, {"libdlib-data", "/usr/share/dlib"});
}

TEST(LandmarkModel, FindsTheSameWhereverTheFaceStands) {
    if (installed_landmark_model().empty()) GTEST_SKIP() << "no dlib, or libdlib-data is not installed";
    const std::shared_ptr<const LandmarkModel> model = load_landmark_model();
    const Image face = resize(numbered_frame(341), 200, 200);
    const Landmarks alone = model->find(face, {60, 50, 90, 90});
    ASSERT_EQ(alone.size(), size_t(landmark_count));
    double spread = 0;
    for (const Point& p : alone) {
        EXPECT_NEAR(p.x, 105, 150);
        EXPECT_NEAR(p.y, 95, 150);
        spread = std::max(spread, std::abs(p.x - alone[0].x));
    }
    EXPECT_GT(spread, 40);
    Image canvas(900, 700);
    for (int y = 0; y < 200; ++y) std::copy_n(face.at(0, y), 600, canvas.at(500, 300 + y));
    const Landmarks moved = model->find(canvas, {560, 350, 90, 90});
    for (size_t i = 0; i < alone.size(); ++i) {
        EXPECT_EQ(moved[i].x, alone[i].x + 500) << i;
        EXPECT_EQ(moved[i].y, alone[i].y + 300) << i;
    }
    EXPECT_EQ(model->find(face, {-30, 180, 60, 60}).size(), size_t(landmark_count));
    expect_error([&] { static_cast<void>(model->find(face, {1, 1, 0, 4})); }, {"positive size", "0 x 4"});
    expect_error([&] { static_cast<void>(model->find(Image(), {1, 1, 4, 4})); }, {"empty"});
}

}  // namespace
}  // namespace unmask
