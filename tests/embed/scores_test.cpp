// SPDX-License-Identifier: Apache-2.0
// Scores through the C interface: what they are of, and what is shared between sessions.
#include "models/scores.h"

#include <gtest/gtest.h>

#include <thread>

#include "data/face_picture.h"
#include "data/normalisation.h"
#include "embed/unmask.h"
#include "models/calibration.h"
#include "models/track_scores.h"
#include "tests/embed/fixture.h"
#include "tests/embed/session_fixture.h"

namespace unmask {
namespace {

class EmbeddedScores : public SessionFixture {
  protected:
    // The score of a picture of the network's size, by the engine alone.
    double engine_score(const Image& input) {
        const LoadedDetector loaded = load_detector(path_);
        loaded.detector->set_training(false);
        loaded.detector->prepare_inference();
        const Tensor images = Tensor::empty({1, 64, 64, 3});
        normalise(input, {}, images.data<float>());
        return fake_probabilities(loaded.detector->infer(images))[0];
    }
};

TEST_F(EmbeddedScores, ACropIsResizedAsAWhole) {
    const Image picture = drawn_picture(80, 60, 0), other = drawn_picture(80, 60, 1);
    const double score = crop_score(picture);
    EXPECT_DOUBLE_EQ(score, engine_score(resize(picture, 64, 64)));
    EXPECT_NEAR(score, 1 / (1 + std::exp(-1.0)), 1e-3);
    EXPECT_NEAR(crop_score(other), 1 / (1 + std::exp(1.0)), 1e-3);
}

TEST_F(EmbeddedScores, AFaceIsCutWithTheModelsMarginByWayOfTheStoredSize) {
    const Image picture = drawn_picture(200, 150, 2);
    const unmask_picture view = view_of(picture);
    const unmask_face face{120, 40, 50, 60, 0, nullptr};
    double score = 0;
    ASSERT_EQ(unmask_score_faces(session_, &view, &face, 1, &score, &error_), UNMASK_OK) << error_.text;
    const Image stored = resize(crop(picture, square_with_margin({120, 40, 50, 60}, 1.3)), 256, 256);
    EXPECT_DOUBLE_EQ(score, engine_score(resize(stored, 64, 64)));
}

TEST_F(EmbeddedScores, RowsMayHaveAStride) {
    const Image picture = drawn_picture(80, 60, 0);
    const size_t stride = 80 * 3 + 37;
    std::vector<uint8_t> rows(stride * 59 + 80 * 3, 0xAB);  // nothing behind the last row
    for (int y = 0; y < 60; ++y) std::copy_n(picture.at(0, y), 80 * 3, rows.data() + size_t(y) * stride);
    const unmask_picture strided{rows.data(), 80, 60, stride};
    double score = 0;
    ASSERT_EQ(unmask_score_crops(session_, &strided, 1, &score, &error_), UNMASK_OK) << error_.text;
    EXPECT_EQ(score, crop_score(picture));
    const unmask_face face{10, 5, 30, 30, 0, nullptr};
    const unmask_picture plain = view_of(picture);
    double expected = 0;
    ASSERT_EQ(unmask_score_faces(session_, &strided, &face, 1, &score, &error_), UNMASK_OK) << error_.text;
    ASSERT_EQ(unmask_score_faces(session_, &plain, &face, 1, &expected, &error_), UNMASK_OK) << error_.text;
    EXPECT_EQ(score, expected);
}

TEST_F(EmbeddedScores, BatchesAndThreadsGiveTheScoresOfOneByOne) {
    std::vector<Image> pictures;
    std::vector<unmask_picture> crops;
    for (int i = 0; i < 7; ++i) pictures.push_back(drawn_picture(70 + i, 64, i));
    for (const Image& picture : pictures) crops.push_back(view_of(picture));
    std::vector<double> expected(7), scores(7);
    ASSERT_EQ(unmask_score_crops(session_, crops.data(), 7, expected.data(), &error_), UNMASK_OK);
    for (const int threads : {0, 1, 2}) {
        unmask_session_options options = UNMASK_SESSION_OPTIONS_INIT;
        options.batch = 3;
        options.threads = threads;
        unmask_session* batched = nullptr;
        ASSERT_EQ(unmask_session_create(model_, &options, &batched, &error_), UNMASK_OK) << error_.text;
        ASSERT_EQ(unmask_score_crops(batched, crops.data(), 7, scores.data(), &error_), UNMASK_OK);
        for (size_t i = 0; i < 7; ++i) EXPECT_NEAR(scores[i], expected[i], 1e-6) << i;
        unmask_session_free(batched);
    }
}

TEST_F(EmbeddedScores, FramesAreAggregatedByTrack) {
    const Image first = drawn_picture(120, 90, 1), second = drawn_picture(120, 90, 3);
    const unmask_face faces_first[] = {{5, 5, 40, 40, 7, nullptr}, {60, 20, 40, 50, 2, nullptr}};
    const unmask_face faces_second[] = {{10, 5, 40, 40, 7, nullptr}};
    const unmask_frame frames[] = {
        {view_of(first), faces_first, 2}, {view_of(second), nullptr, 0}, {view_of(second), faces_second, 1}};
    double score = 0, faces[3];
    ASSERT_EQ(unmask_score_frames(session_, frames, 3, &score, faces, &error_), UNMASK_OK) << error_.text;
    double alone[2];
    ASSERT_EQ(unmask_score_faces(session_, &frames[0].picture, faces_first, 2, alone, &error_), UNMASK_OK);
    EXPECT_EQ(faces[0], alone[0]);
    EXPECT_EQ(faces[1], alone[1]);
    // Track 2 has a single face where track 7 has two.
    const double track[] = {faces[0], faces[2]};
    EXPECT_DOUBLE_EQ(score, mean_score(track));

    const int tracks[] = {7, 2, 7};
    double again = 0;
    ASSERT_EQ(unmask_aggregate_scores(faces, tracks, 3, &again, &error_), UNMASK_OK);
    EXPECT_EQ(again, score);
    ASSERT_EQ(unmask_score_frames(session_, frames + 1, 1, &score, nullptr, &error_), UNMASK_OK);
    EXPECT_EQ(score, -1);
}

TEST_F(EmbeddedScores, SessionsOfOneModelRunAtOnce) {
    const Image picture = drawn_picture(80, 60, 0), other = drawn_picture(90, 70, 4);
    const double expected[] = {crop_score(picture), crop_score(other)};
    std::vector<double> found(8 * 20);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            unmask_session* own = nullptr;
            if (unmask_session_create(model_, nullptr, &own, nullptr) != UNMASK_OK) return;
            const unmask_picture view = view_of(t % 2 == 0 ? picture : other);
            for (size_t i = 0; i < 20; ++i) unmask_score_crops(own, &view, 1, &found[t * 20 + i], nullptr);
            unmask_session_free(own);
        });
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], expected[i / 20 % 2]) << i;
}

TEST_F(EmbeddedScores, WeightsMayTakeFewerBits) {
    const Image picture = drawn_picture(80, 60, 0);
    const double exact = crop_score(picture);
    for (const int weights : {UNMASK_WEIGHTS_BF16, UNMASK_WEIGHTS_INT8}) {
        unmask_session_free(session_);
        unmask_model_free(model_);
        unmask_model_options options = UNMASK_MODEL_OPTIONS_INIT;
        options.weights = weights;
        ASSERT_EQ(unmask_model_open(path_.c_str(), &options, &model_, &error_), UNMASK_OK) << error_.text;
        ASSERT_EQ(unmask_session_create(model_, nullptr, &session_, &error_), UNMASK_OK) << error_.text;
        const double score = crop_score(picture);
        EXPECT_NE(score, exact) << weights;
        EXPECT_NEAR(score, exact, 0.05) << weights;
    }
}

TEST_F(EmbeddedScores, AreCalibratedAsTheFileSays) {
    const Image picture = drawn_picture(80, 60, 0);
    const double before = crop_score(picture);
    EXPECT_EQ(unmask_verdict_of(model_, before), UNMASK_FAKE);
    EXPECT_EQ(unmask_verdict_of(model_, 0.4999), UNMASK_REAL);
    EXPECT_EQ(unmask_verdict_of(model_, 0), UNMASK_REAL);
    EXPECT_EQ(unmask_verdict_of(model_, NAN), UNMASK_UNDECIDED);
    double nobody = 0;
    ASSERT_EQ(unmask_score_frames(session_, nullptr, 0, &nobody, nullptr, &error_), UNMASK_OK) << error_.text;
    EXPECT_EQ(unmask_verdict_of(model_, nobody), UNMASK_NO_FACE);
    EXPECT_EQ(unmask_verdict_of(nullptr, nobody), UNMASK_NO_FACE);
    open({.preprocessing = {},
          .calibration = Calibration{.temperature = 2.5, .thresholds = {0.3, 0.7}, .data = "a test"}});
    const double score = crop_score(picture);
    EXPECT_DOUBLE_EQ(score, calibrated(before, 2.5));
    EXPECT_LT(score, before - 0.05);
    EXPECT_EQ(unmask_verdict_of(model_, score), UNMASK_UNDECIDED);
    EXPECT_EQ(unmask_verdict_of(model_, 0.3), UNMASK_REAL);
    EXPECT_EQ(unmask_verdict_of(model_, 0.7), UNMASK_FAKE);
    unmask_model_info info = UNMASK_MODEL_INFO_INIT;
    ASSERT_EQ(unmask_model_describe(model_, &info, &error_), UNMASK_OK) << error_.text;
    EXPECT_EQ(info.temperature, 2.5);
    EXPECT_EQ(info.real_up_to, 0.3);
    EXPECT_EQ(info.fake_from, 0.7);
}

TEST_F(EmbeddedScores, ASessionOutlivesItsModel) {
    const Image picture = drawn_picture(80, 60, 0);
    const double expected = crop_score(picture);
    unmask_model_free(model_);
    model_ = nullptr;
    EXPECT_EQ(crop_score(picture), expected);
}

TEST_F(EmbeddedScores, AnAlignedModelTakesLandmarks) {
    open({.preprocessing = {.crop_size = 128, .aligned = true}});
    const Image picture = drawn_picture(200, 150, 5);
    const unmask_picture view = view_of(picture);
    Landmarks points;
    for (int i = 0; i < landmark_count; ++i) points.push_back({60 + 1.3 * (i % 9), 40 + 0.8 * (i / 3.0)});
    std::vector<double> numbers;
    for (const Point& point : points) numbers.insert(numbers.end(), {point.x, point.y});
    unmask_face face{0, 0, 0, 0, 0, numbers.data()};
    double score = 0;
    ASSERT_EQ(unmask_score_faces(session_, &view, &face, 1, &score, &error_), UNMASK_OK) << error_.text;
    const Image aligned =
        face_picture(picture, {}, {.size = 128, .margin = 1.3, .aligned = true}, points).image;
    EXPECT_DOUBLE_EQ(score, engine_score(resize(aligned, 64, 64)));
    face.landmarks = nullptr;
    EXPECT_EQ(unmask_score_faces(session_, &view, &face, 1, &score, &error_), UNMASK_BAD_ARGUMENT);
    EXPECT_NE(std::string(error_.text).find("68 landmarks"), std::string::npos) << error_.text;
}

}  // namespace
}  // namespace unmask
