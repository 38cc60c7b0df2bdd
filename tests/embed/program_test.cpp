// SPDX-License-Identifier: Apache-2.0
// libunmask beside the `unmask` program of the same build, both with direct convolutions (docs/embedding.md).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/face_detector.h"
#include "data/picture.h"
#include "data/synthetic/face.h"
#include "embed/model_header.h"
#include "tests/apps/run_program.h"
#include "tests/embed/session_fixture.h"
#include "tests/support/file_bytes.h"

namespace unmask {
namespace {

class EmbeddedProgram : public SessionFixture {
  protected:
    // The only file's only frame in what `unmask detect` answers.
    nlohmann::json detected(const std::filesystem::path& picture, const std::string& faces) {
        const Outcome outcome = run_program("detect " + picture.string() + " --model " + path_.string() +
                                            " --faces " + faces + " --winograd off --json - --threads 1 --quiet");
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        return nlohmann::json::parse(outcome.output).at(0).at("frames").at(0);
    }
};

TEST_F(EmbeddedProgram, ScoresCropsAsDetectDoes) {
    for (int k = 0; k < 3; ++k) {
        const Image image = drawn_picture(80 + k, 60, k);
        write_png(folder_ / "crop.png", image);
        const nlohmann::json frame = detected(folder_ / "crop.png", "whole");
        EXPECT_DOUBLE_EQ(crop_score(image), frame.at("score").get<double>()) << k;
    }
}

TEST_F(EmbeddedProgram, ScoresFacesAsDetectDoes) {
    if (!face_detector_available("dlib")) GTEST_SKIP() << "built without dlib";
    const Image image = draw_face(make_identity(1), make_view(5001), 256).image;
    write_png(folder_ / "face.png", image);
    const nlohmann::json frame = detected(folder_ / "face.png", "dlib");
    ASSERT_FALSE(frame.at("faces").empty());
    const unmask_picture picture = view_of(image);
    for (const nlohmann::json& found : frame.at("faces")) {
        const auto box = found.at("box").get<std::array<int, 4>>();
        const unmask_face face{box[0], box[1], box[2], box[3], 0, nullptr};
        double score = 0;
        ASSERT_EQ(unmask_score_faces(session_, &picture, &face, 1, &score, &error_), UNMASK_OK)
            << error_.text;
        EXPECT_DOUBLE_EQ(score, found.at("score").get<double>());
    }
}

TEST_F(EmbeddedProgram, CalibratesAsDetectDoes) {
    open({.preprocessing = {},
          .calibration = Calibration{.temperature = 1.7, .thresholds = {0.45, 0.55}, .data = "a test"}});
    const Image image = drawn_picture(80, 60, 1);
    write_png(folder_ / "crop.png", image);
    EXPECT_DOUBLE_EQ(crop_score(image), detected(folder_ / "crop.png", "whole").at("score").get<double>());
}

TEST_F(EmbeddedProgram, EmbedPrintsTheHeader) {
    const Outcome outcome = run_program("embed " + path_.string() + " --name face_model");
    ASSERT_EQ(outcome.code, 0) << outcome.errors;
    const std::string bytes = bytes_of(path_);
    std::ostringstream expected;
    write_model_header(expected, std::as_bytes(std::span(bytes)), "face_model", "");
    const auto literals = [](const std::string& header) { return header.substr(header.find("#ifndef")); };
    EXPECT_EQ(literals(outcome.output), literals(expected.str()));
    EXPECT_NE(outcome.output.find("resnet18, 2 branches, width 0.125, input 64 x 64"), std::string::npos);

    const Outcome file =
        run_program("embed " + path_.string() + " --name face_model --out " + (folder_ / "m.h").string());
    EXPECT_EQ(file.code, 0) << file.errors;
    EXPECT_EQ(bytes_of(folder_ / "m.h"), outcome.output);
}

TEST_F(EmbeddedProgram, EmbedRefusesWhatIsNoModel) {
    write_bmp(folder_ / "picture.bmp", drawn_picture(8, 8, 0));
    const auto refused = [&](const std::string& arguments, const std::string& text) {
        const Outcome outcome = run_program("embed " + arguments);
        EXPECT_EQ(outcome.code, 2) << arguments;
        EXPECT_EQ(outcome.output, "");
        EXPECT_NE(outcome.errors.find(text), std::string::npos) << outcome.errors;
        EXPECT_EQ(std::count(outcome.errors.begin(), outcome.errors.end(), '\n'), 1) << outcome.errors;
    };
    refused((folder_ / "missing").string(), "missing: no such file");
    refused((folder_ / "picture.bmp").string(), "picture.bmp: ");
    refused(path_.string() + " --name 3d", "name: expected letters");
    refused((folder_ / "picture.bmp").string() + " --out " + (folder_ / "x.h").string(), "picture.bmp: ");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "x.h"));
}

}  // namespace
}  // namespace unmask
