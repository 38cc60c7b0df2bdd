// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/detection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/answers.h"
#include "apps/evaluation/evaluator.h"
#include "data/normalisation.h"
#include "data/picture.h"
#include "engine/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

FrameScore frame(std::vector<double> scores) {
    FrameScore frame;
    for (const double score : scores) frame.faces.push_back({{1, 2, 3, 4}, score});
    return frame;
}

TEST(Detection, AFrameIsItsMostSuspiciousFaceAFileTheMeanOfItsFrames) {
    EXPECT_DOUBLE_EQ(*frame({0.2, 0.9, 0.4}).score(), 0.9);
    EXPECT_FALSE(frame({}).score().has_value());
    FileScore file;
    file.frames = {frame({0.2, 0.9}), frame({}), frame({0.5})};
    EXPECT_DOUBLE_EQ(*file.score(), 0.7);
    file.frames = {frame({}), frame({})};
    EXPECT_FALSE(file.score().has_value());
}

TEST(Detection, VerdictsFollowThresholdAndBand) {
    FileScore file;
    file.frames = {frame({0.52})};
    EXPECT_EQ(verdict_of(file, 0.5, 0), Verdict::fake);
    EXPECT_EQ(verdict_of(file, 0.6, 0), Verdict::real);
    EXPECT_EQ(verdict_of(file, 0.5, 0.05), Verdict::undecided);
    EXPECT_EQ(verdict_of(file, 0.52, 0), Verdict::fake);
    file.frames = {frame({})};
    EXPECT_EQ(verdict_of(file, 0.5, 0.05), Verdict::no_face);
    file.frames.clear();
    EXPECT_EQ(verdict_of(file, 0.5, 0), Verdict::error);
    file.error = "some frames are missing";
    file.frames = {frame({0.9})};
    EXPECT_EQ(verdict_of(file, 0.5, 0), Verdict::fake);
}

Image pattern(int width, int height, int seed) {
    Image image(width, height);
    for (size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = uint8_t((i * 37 + size_t(seed) * 101) % 251);
    return image;
}

class WholePictures : public testing::Test {
  protected:
    WholePictures() { detector_.initialize(1); }
    FileScore detect(const std::filesystem::path& file, int frames = 32, int batch = 32, int threads = 1) {
        FileDetector detector(detector_,
                              {.frames = frames, .faces = "whole", .batch = batch, .threads = threads});
        return detector.detect(file);
    }
    TemporaryFolder folder_;
    Detector detector_{{.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32}};
};

TEST_F(WholePictures, ScoreWhatTheModelSaysOfThePicture) {
    const Image image = pattern(32, 32, 0);
    write_png(folder_ / "a.png", image);
    const FileScore result = detect(folder_ / "a.png");
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.kind, SourceKind::picture);
    ASSERT_EQ(result.frames.size(), 1u);
    ASSERT_EQ(result.frames[0].faces.size(), 1u);
    EXPECT_EQ(result.frames[0].faces[0].box, (Box{0, 0, 32, 32}));
    const Tensor input = Tensor::empty({1, 32, 32, 3});
    normalise(image, {}, input.data<float>());
    EXPECT_DOUBLE_EQ(*result.score(), fake_probabilities(detector_.infer(input))[0]);
}

TEST_F(WholePictures, AFoldersPicturesAreItsFramesWhateverBatchAndThreads) {
    for (int i = 0; i < 7; ++i) write_png(folder_ / (std::to_string(i) + ".png"), pattern(40 + i, 36, i));
    const FileScore one = detect(folder_.path(), 0, 1, 1);
    ASSERT_EQ(one.frames.size(), 7u);
    EXPECT_EQ(one.kind, SourceKind::folder);
    EXPECT_EQ(one.frames[3].name, "3.png");
    const FileScore many = detect(folder_.path(), 0, 4, 3);
    ASSERT_EQ(many.frames.size(), 7u);
    for (size_t i = 0; i < 7; ++i) {
        EXPECT_EQ(many.frames[i].index, int64_t(i));
        EXPECT_NEAR(*many.frames[i].score(), *one.frames[i].score(), 1e-5);
    }
    EXPECT_EQ(detect(folder_.path(), 3).frames.size(), 3u);
}

TEST_F(WholePictures, BrokenFilesAreAnswersThatNameThem) {
    write_file_atomically(folder_ / "text.mp4", "this is no video");
    write_file_atomically(folder_ / "empty.png", "");
    for (const char* name : {"text.mp4", "empty.png", "missing.png"}) {
        const FileScore result = detect(folder_ / name);
        EXPECT_NE(result.error.find(name), std::string::npos) << result.error;
        EXPECT_EQ(result.error.find('\n'), std::string::npos) << result.error;
        EXPECT_EQ(verdict_of(result, 0.5, 0), Verdict::error);
        EXPECT_FALSE(result.score().has_value());
    }
}

TEST_F(WholePictures, AnswerHasTheFieldsThatProgramsRead) {
    write_png(folder_ / "a.png", pattern(32, 32, 0));
    std::vector<FileScore> results{detect(folder_ / "a.png"), detect(folder_ / "missing.png")};
    FileScore without_face;
    without_face.file = "b.png";
    without_face.kind = SourceKind::picture;
    without_face.frames = {frame({})};
    results.push_back(without_face);
    const auto json = nlohmann::json::parse(detection_answer(results, 0.5, 0));
    ASSERT_EQ(json.size(), 3u);
    EXPECT_EQ(json[0]["file"], (folder_ / "a.png").string());
    EXPECT_EQ(json[0]["kind"], "picture");
    EXPECT_TRUE(json[0]["score"].is_number());
    EXPECT_TRUE(json[0]["error"].is_null());
    EXPECT_EQ(json[0]["frames"][0]["index"], 0);
    EXPECT_TRUE(json[0]["frames"][0]["time"].is_null());
    EXPECT_EQ(json[0]["frames"][0]["faces"][0]["box"], (std::vector<int>{0, 0, 32, 32}));
    EXPECT_TRUE(json[0]["frames"][0]["faces"][0]["score"].is_number());
    EXPECT_EQ(json[1]["verdict"], "error");
    EXPECT_TRUE(json[1]["score"].is_null());
    EXPECT_TRUE(json[1]["error"].is_string());
    EXPECT_EQ(json[2]["verdict"], "no_face");
    EXPECT_TRUE(json[2]["score"].is_null());
    EXPECT_TRUE(json[2]["frames"][0]["faces"].empty());
}

}  // namespace
}  // namespace unmask
