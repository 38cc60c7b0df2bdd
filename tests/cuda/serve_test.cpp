// SPDX-License-Identifier: Apache-2.0
// unmask serve on the emulated GPU: what unmask detect answers on the CPU, from the thread that the server
// has for its model.
#include <algorithm>
#include <atomic>

#include "tests/apps/serve/serve_fixture.h"
#include "tests/cuda/alike.h"
#include "tests/cuda/page_parts.h"
#include "tests/models/quantized_detector.h"

namespace unmask {
namespace {

class GpuServe : public Serve {
  protected:
    void SetUp() override {
        Serve::SetUp();
        for (size_t i = 0; i < 3; ++i) {
            write_png(file(i), tiny_face(i % 2 == 1, i, 64));
            pictures_.push_back(bytes_of(file(i)));
        }
    }
    std::filesystem::path file(size_t i) const { return folder_ / fmt::format("face-{}.png", i); }
    std::string model() const { return (folder_ / "model").string(); }

    // What unmask detect finds in the pictures on the CPU, as unmask serve answers it.
    // In the direct form, which 8-bit integers have on a GPU.
    std::vector<Json> cpu_answers() const {
        std::string line =
            "detect --faces whole --threads 1 --winograd off --json - --quiet --model " + model();
        for (size_t i = 0; i < pictures_.size(); ++i) line += " " + file(i).string();
        std::vector<Json> answers;
        for (Json answer : Json::parse(outcome_of(line))) {
            answer["file"] = answer["frames"][0]["name"] = "upload";
            answers.push_back(Json::array({answer}));
        }
        return answers;
    }
    // Asks twice for each picture: the second time the work is what was done before.
    void expect_answers(const GpuPrecision& precision, const std::vector<Json>& expected) {
        SCOPED_TRACE(precision.name);
        ASSERT_EQ(expected.size(), pictures_.size());
        start({"--device", "cuda", "--precision", precision.name});
        std::vector<std::string> first;
        for (size_t i = 0; i < pictures_.size(); ++i) {
            const auto answer = post(pictures_[i]);
            ASSERT_TRUE(answer);
            ASSERT_EQ(answer->status, 200) << answer->body;
            expect_alike(Json::parse(answer->body), expected[i], precision.distance);
            if (precision.rounds) {
                EXPECT_NE(Json::parse(answer->body), expected[i]);
            }
            first.push_back(answer->body);
        }
        EXPECT_NE(first[0], first[1]);
        for (size_t i = 0; i < pictures_.size(); ++i) {
            const auto answer = post(pictures_[i]);
            ASSERT_TRUE(answer);
            EXPECT_EQ(answer->body, first[i]);
        }
    }
    // The page about a picture.
    void ask_for_report(const std::vector<std::string>& options, std::string& page) {
        start(options);
        const auto answer = client().Post("/report", form(pictures_[1], "face.png"));
        ASSERT_TRUE(answer);
        ASSERT_EQ(answer->status, 200) << answer->body;
        page = answer->body;
    }

    std::vector<std::string> pictures_;
};

TEST_F(GpuServe, AnswersWithTheCpusScores) {
    const std::vector<Json> expected = cpu_answers();
    for (const GpuPrecision& precision : gpu_precisions) expect_answers(precision, expected);
}

// What is no picture is told, and the next request is answered; so are those that come at once.
TEST_F(GpuServe, OneDeviceServesAllThatAsk) {
    const std::vector<Json> expected = cpu_answers();
    start({"--device", "cuda"});
    const auto text = post("this is text");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->status, 422) << text->body;
    std::atomic<int> answered{0};
    {
        std::vector<std::jthread> clients;
        for (size_t i = 0; i < 9; ++i)
            clients.emplace_back([&, i] {
                const auto answer = post(pictures_[i % 3]);
                ASSERT_TRUE(answer);
                ASSERT_EQ(answer->status, 200) << answer->body;
                const double score = Json::parse(answer->body)[0]["score"];
                EXPECT_NEAR(score, expected[i % 3][0]["score"].get<double>(), gpu_precisions[0].distance);
                ++answered;
            });
    }
    EXPECT_EQ(answered, 9);
    server_->send(SIGTERM);
    EXPECT_EQ(server_->wait(), 0) << bytes_of(folder_ / "log");
    EXPECT_TRUE(nothing_is_left());
}

// The page with the heat maps, whose gradients are computed there.
TEST_F(GpuServe, TheReportIsTheCpus) {
    // Whose last maps have several pixels, so that the heat maps are no flat colour.
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 96});
    detector.initialize(1);
    save_detector(model(), detector);
    std::string here, there, rounded;
    ASSERT_NO_FATAL_FAILURE(ask_for_report({}, here));
    ASSERT_NO_FATAL_FAILURE(ask_for_report({"--device", "cuda"}, there));
    const PageParts expected = parts_of(here), found = parts_of(there);
    EXPECT_EQ(found.words, expected.words);
    EXPECT_GE(expected.numbers.size(), 2u);
    expect_alike(Json(found.numbers), Json(expected.numbers), 2e-3);
    EXPECT_GE(expected.pictures.size(), 3u);
    ASSERT_EQ(found.pictures.size(), expected.pictures.size());
    for (size_t i = 0; i < found.pictures.size(); ++i)
        expect_alike(found.pictures[i], expected.pictures[i], fmt::format("picture {}", i));
    // The roundings tell that it was computed so.
    ASSERT_NO_FATAL_FAILURE(ask_for_report({"--device", "cuda", "--precision", "bf16"}, rounded));
    EXPECT_TRUE(parts_of(rounded).pictures != expected.pictures);
}

TEST_F(GpuServe, AModelIn8BitIntegersIsServed) {
    // Whose answers depend on the picture as a trained one's do, so that 8-bit integers change them.
    save_detector(model(), *small_detector("resnet18"));
    const std::string made = (folder_ / "int8").string();
    const std::string data = write_tiny_faces(folder_.path(), 8, 2, 2).string();
    const std::vector<Json> of_floats = cpu_answers();
    outcome_of("quantize " + model() + " --calibration " + data + " --threads 1 --out " + made);
    std::filesystem::rename(made, model());
    const std::vector<Json> expected = cpu_answers();
    for (const GpuPrecision& precision : gpu_precisions) expect_answers(precision, expected);
    double farthest = 0;
    for (size_t i = 0; i < pictures_.size(); ++i)
        farthest = std::max(farthest, std::abs(of_floats[i][0]["score"].get<double>() -
                                               expected[i][0]["score"].get<double>()));
    EXPECT_GT(farthest, gpu_precisions[0].distance) << "the model in floats would answer alike";
}

TEST_F(GpuServe, ADeviceThatIsNotThereIsNamed) {
    const std::string line = "serve --faces whole --port 0 --model " + (folder_ / "model").string();
    for (const auto& [options, words] :
         {std::pair{" --device cuda:1", "cuda:1"}, {" --device tpu", "tpu"}, {" --precision bf16", "bf16"}}) {
        const Outcome outcome = run_program(line + options, "timeout 60");
        EXPECT_EQ(outcome.code, 2) << options;
        EXPECT_NE(outcome.errors.find(words), std::string::npos) << options << ": " << outcome.errors;
        EXPECT_EQ(outcome.output.find("http://"), std::string::npos) << options << ": " << outcome.output;
    }
}

}  // namespace
}  // namespace unmask
