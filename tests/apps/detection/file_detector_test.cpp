// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/file_detector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/detection/answers.h"
#include "apps/evaluation/evaluator.h"
#include "data/csv_file.h"
#include "data/normalisation.h"
#include "data/picture.h"
#include "engine/atomic_file.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

FrameScore frame(std::vector<double> scores) {
    FrameScore frame;
    for (const double score : scores) frame.faces.push_back({.box = {1, 2, 3, 4}, .score = score});
    return frame;
}

TEST(Detection, AFrameIsItsMostSuspiciousFace) {
    EXPECT_DOUBLE_EQ(*frame({0.2, 0.9, 0.4}).score(), 0.9);
    EXPECT_FALSE(frame({}).score().has_value());
}

TEST(Detection, VerdictsFollowTheTwoThresholds) {
    FileScore file;
    file.frames = {frame({0.52})};
    file.score = 0.52;
    EXPECT_EQ(verdict_of(file, {}), Verdict::fake);
    EXPECT_EQ(verdict_of(file, {0.6, 0.6}), Verdict::real);
    EXPECT_EQ(verdict_of(file, {0.45, 0.55}), Verdict::undecided);
    EXPECT_EQ(verdict_of(file, {0.52, 0.52}), Verdict::fake);
    EXPECT_EQ(verdict_of(file, {0.52, 0.6}), Verdict::real);
    file.frames = {frame({})};
    file.score = {};
    EXPECT_EQ(verdict_of(file, {}), Verdict::no_face);
    file.frames.clear();
    EXPECT_EQ(verdict_of(file, {}), Verdict::error);
    file.error = "some frames are missing";
    file.frames = {frame({0.9})};
    file.score = 0.9;
    EXPECT_EQ(verdict_of(file, {}), Verdict::fake);
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
    EXPECT_DOUBLE_EQ(*result.score, fake_probabilities(detector_.infer(input))[0]);
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
        EXPECT_EQ(verdict_of(result, {}), Verdict::error);
        EXPECT_FALSE(result.score.has_value());
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
    const auto json = nlohmann::json::parse(detection_answer(results, {}));
    ASSERT_EQ(json.size(), 3u);
    EXPECT_EQ(json[0]["file"], (folder_ / "a.png").string());
    EXPECT_EQ(json[0]["kind"], "picture");
    EXPECT_TRUE(json[0]["score"].is_number());
    EXPECT_TRUE(json[0]["error"].is_null());
    EXPECT_EQ(json[0]["frames"][0]["index"], 0);
    EXPECT_TRUE(json[0]["frames"][0]["time"].is_null());
    EXPECT_EQ(json[0]["frames"][0]["faces"][0]["box"], (std::vector<int>{0, 0, 32, 32}));
    EXPECT_TRUE(json[0]["frames"][0]["faces"][0]["score"].is_number());
    EXPECT_EQ(json[0]["frames"][0]["faces"][0]["track"], 0);
    EXPECT_EQ(json[0]["frames"][0]["width"], 32);
    EXPECT_EQ(json[0]["tracks"].size(), 1u);
    EXPECT_EQ(json[0]["tracks"][0]["faces"], 1);
    EXPECT_EQ(json[0]["tracks"][0]["first"]["index"], 0);
    EXPECT_EQ(json[1]["verdict"], "error");
    EXPECT_TRUE(json[1]["score"].is_null());
    EXPECT_TRUE(json[1]["error"].is_string());
    EXPECT_EQ(json[2]["verdict"], "no_face");
    EXPECT_TRUE(json[2]["score"].is_null());
    EXPECT_TRUE(json[2]["frames"][0]["faces"].empty());
}

TEST_F(WholePictures, CsvHasALineForEachFileThatSpreadsheetsRead) {
    FileScore good;
    good.file = "a, \"b\".png";
    good.kind = SourceKind::picture;
    good.frames = {frame({0.25})};
    good.score = 0.25;
    good.tracks = {{.score = 0.25, .faces = 1}};
    FileScore bad;
    bad.file = "c.png";
    bad.error = "c.png: no such file";
    const auto records = parse_csv(detection_csv({good, bad}, {0.3, 0.7}), "answer");
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[0].fields,
              (std::vector<std::string>{"file", "kind", "verdict", "score", "real_up_to", "fake_from",
                                        "frames", "frames_with_face", "tracks", "error"}));
    EXPECT_EQ(records[1].fields, (std::vector<std::string>{"a, \"b\".png", "picture", "real", "0.25", "0.3",
                                                           "0.7", "1", "1", "1", ""}));
    EXPECT_EQ(records[2].fields, (std::vector<std::string>{"c.png", "", "error", "", "0.3", "0.7", "0", "0",
                                                           "0", "c.png: no such file"}));
}

// Faces of several files in one batch come back to their files, in the files' order.
TEST_F(WholePictures, ManyFilesAreAnsweredInOrderWhateverBatchAndThreads) {
    std::vector<DetectionInput> inputs;
    std::vector<double> expected;
    for (int i = 0; i < 9; ++i) {
        const std::filesystem::path path = folder_ / (std::to_string(i) + ".png");
        write_png(path, pattern(32 + i, 32, i));
        expected.push_back(*detect(path).score);
        inputs.push_back({.path = path, .name = path, .problem = ""});
    }
    inputs[4].path = inputs[4].name = folder_ / "missing.png";
    for (const auto& [batch, threads] : {std::pair{1, 1}, {4, 3}, {32, 4}}) {
        FileDetector detector(detector_, {.faces = "whole", .batch = batch, .threads = threads});
        std::vector<FileScore> results;
        int64_t told = 0, total = 0;
        detector.detect(
            inputs, [&](FileScore&& file) { results.push_back(std::move(file)); },
            [&](int64_t done, int64_t all, size_t) {
                told = done;
                total = all;
            });
        ASSERT_EQ(results.size(), inputs.size());
        EXPECT_EQ(told, 8);
        EXPECT_EQ(total, 9);
        for (size_t i = 0; i < results.size(); ++i) {
            EXPECT_EQ(results[i].file, inputs[i].name);
            if (i == 4) {
                EXPECT_NE(results[i].error.find("missing.png"), std::string::npos) << results[i].error;
                continue;
            }
            ASSERT_TRUE(results[i].score) << results[i].error;
            EXPECT_NEAR(*results[i].score, expected[i], 1e-5) << i;
        }
    }
}

TEST_F(WholePictures, AnInputIsCalledByItsNameNotByItsPath) {
    write_file_atomically(folder_ / "secret-place", "neither picture nor video");
    const std::vector<DetectionInput> inputs{
        {.path = folder_ / "secret-place", .name = "holiday.mp4", .problem = ""}};
    FileDetector detector(detector_, {.faces = "whole"});
    detector.detect(inputs, [&](FileScore&& file) {
        EXPECT_EQ(file.file, "holiday.mp4");
        EXPECT_NE(file.error.find("holiday.mp4"), std::string::npos) << file.error;
        EXPECT_EQ(file.error.find("secret-place"), std::string::npos) << file.error;
    });
}

TEST_F(WholePictures, AskedToStopTheInputsEndWithAnError) {
    for (int i = 0; i < 3; ++i) write_png(folder_ / (std::to_string(i) + ".png"), pattern(32, 32, i));
    FileDetector detector(detector_, {.faces = "whole", .stop = [] { return true; }});
    const FileScore file = detector.detect(folder_.path());
    EXPECT_NE(file.error.find("stopped"), std::string::npos) << file.error;
    EXPECT_EQ(verdict_of(file, {}), Verdict::error);
}

TEST_F(WholePictures, TheTemperatureOfTheCalibrationBringsScoresCloserToOneHalf) {
    write_png(folder_ / "a.png", pattern(32, 32, 0));
    const double plain = *detect(folder_ / "a.png").score;
    FileDetector detector(detector_, {.faces = "whole", .temperature = 4});
    const double soft = *detector.detect(folder_ / "a.png").score;
    EXPECT_NEAR(log_odds_of(soft), log_odds_of(plain) / 4, 1e-9);
}

TEST_F(WholePictures, PicturesAreKeptOnlyWhereTheyAreAskedFor) {
    for (int i = 0; i < 7; ++i) write_png(folder_ / (std::to_string(i) + ".png"), pattern(32, 32, i));
    EXPECT_TRUE(detect(folder_.path()).pictures.faces.empty());
    FileDetector detector(detector_, {.faces = "whole", .batch = 1, .pictures = true});
    const FileScore file = detector.detect(folder_.path());
    EXPECT_EQ(file.pictures.thumbnails.size(), 7u);
    std::vector<double> scores;
    for (const FrameScore& one : file.frames) scores.push_back(*one.score());
    std::ranges::sort(scores, std::greater());
    ASSERT_EQ(file.pictures.faces.size(), FilePictures::most);
    for (size_t i = 0; i < FilePictures::most; ++i) {
        const TellingFace& face = file.pictures.faces[i];
        EXPECT_EQ(file.frames[face.frame].faces[face.face].score, scores[i]);
        EXPECT_EQ(face.crop, pattern(32, 32, int(face.frame)));
    }
}

// Thumbnails are JPEGs, whose sides end at 65535 pixels.
TEST_F(WholePictures, AVeryTallPictureHasASmallThumbnail) {
    write_png(folder_ / "tall.png", pattern(2, 70000, 0));
    FileDetector detector(detector_, {.faces = "whole", .pictures = true});
    const FileScore result = detector.detect(folder_ / "tall.png");
    EXPECT_EQ(result.error, "");
    ASSERT_EQ(result.pictures.thumbnails.size(), 1u);
    const Image thumbnail = read_picture_from_memory(result.pictures.thumbnails[0]);
    EXPECT_EQ(thumbnail.width, 1);
    EXPECT_EQ(thumbnail.height, 640);
}

TEST_F(WholePictures, TellingFramesLieApartWhateverTheBatch) {
    for (int i = 0; i < 40; ++i)
        write_png(folder_ / (std::to_string(100 + i) + ".png"), pattern(32, 32, i / 4));
    std::vector<size_t> before;
    for (const int batch : {1, 5, 32}) {
        FileDetector detector(detector_, {.frames = 0, .faces = "whole", .batch = batch, .pictures = true});
        std::vector<size_t> frames;
        for (const TellingFace& face : detector.detect(folder_.path()).pictures.faces)
            frames.push_back(face.frame);
        if (batch == 1) before = frames;
        EXPECT_EQ(frames, before);
        std::ranges::sort(frames);
        ASSERT_EQ(frames.size(), FilePictures::most);
        for (size_t i = 1; i < frames.size(); ++i) EXPECT_GE(frames[i] - frames[i - 1], 4u);
    }
}

}  // namespace
}  // namespace unmask
