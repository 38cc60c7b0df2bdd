// SPDX-License-Identifier: Apache-2.0
// unmask serve on the emulated GPU: what unmask detect answers on the CPU, from the thread that the server
// has for its model.
#include <atomic>

#include "tests/apps/serve/serve_fixture.h"
#include "tests/cuda/alike.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

class GpuServe : public Serve {
  protected:
    void SetUp() override {
        Serve::SetUp();
        for (uint64_t i = 0; i < 3; ++i) {
            const std::filesystem::path file = folder_ / fmt::format("face-{}.png", i);
            write_png(file, tiny_face(i % 2 == 1, i, 64));
            pictures_.push_back(bytes_of(file));
            Json answer =
                Json::parse(outcome_of("detect " + file.string() + " --faces whole --threads 1 --json - " +
                                       "--quiet --model " + (folder_ / "model").string()));
            answer[0]["file"] = answer[0]["frames"][0]["name"] = "upload";
            expected_.push_back(answer);
        }
    }
    void start_on(const std::vector<std::string>& device) {
        port_ = 0;
        start(device);
    }
    // Asks twice for each picture: the second time the work is what was done before.
    void expect_the_cpus_scores(const GpuPrecision& precision) {
        SCOPED_TRACE(precision.name);
        start_on({"--device", "cuda", "--precision", precision.name});
        std::vector<std::string> first;
        for (size_t i = 0; i < pictures_.size(); ++i) {
            const auto answer = post(pictures_[i]);
            ASSERT_TRUE(answer);
            ASSERT_EQ(answer->status, 200) << answer->body;
            expect_alike(Json::parse(answer->body), expected_[i], precision.distance);
            if (precision.rounds) {
                EXPECT_NE(Json::parse(answer->body), expected_[i]);
            }
            first.push_back(answer->body);
        }
        EXPECT_NE(first[0], first[1]);
        for (size_t i = 0; i < pictures_.size(); ++i) EXPECT_EQ(post(pictures_[i])->body, first[i]);
    }

    std::vector<std::string> pictures_;
    std::vector<Json> expected_;
};

TEST_F(GpuServe, AnswersWithTheCpusScores) {
    for (const GpuPrecision& precision : gpu_precisions) expect_the_cpus_scores(precision);
}

// What is no picture is told, and the next request is answered; so are those that come at once.
TEST_F(GpuServe, OneDeviceServesAllThatAsk) {
    start_on({"--device", "cuda"});
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
                EXPECT_NEAR(score, expected_[i % 3][0]["score"].get<double>(), gpu_precisions[0].distance);
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
    std::vector<std::string> pages;
    for (const std::vector<std::string>& device : {std::vector<std::string>{}, {"--device", "cuda"}}) {
        start_on(device);
        const auto page = client().Post("/report", form(pictures_[1], "face.png"));
        ASSERT_TRUE(page);
        ASSERT_EQ(page->status, 200) << page->body;
        pages.push_back(page->body);
    }
    EXPECT_GE(count_of("data:image/", pages[0]), 3u);
    for (const char* part : {"data:image/", "<img", "<section", "face.png"})
        EXPECT_EQ(count_of(part, pages[1]), count_of(part, pages[0])) << part;
}

TEST_F(GpuServe, AModelIn8BitIntegersIsServed) {
    const std::string model = (folder_ / "model").string(), made = (folder_ / "int8").string();
    const std::string data = write_tiny_faces(folder_.path(), 8, 2, 2).string();
    outcome_of("quantize " + model + " --calibration " + data + " --threads 1 --out " + made);
    std::filesystem::rename(made, model);
    const Json expected =
        Json::parse(outcome_of("detect " + (folder_ / "face-1.png").string() + " --faces whole --threads 1 " +
                               "--json - --quiet --model " + model));
    start_on({"--device", "cuda"});
    const auto answer = post(pictures_[1]);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << answer->body;
    EXPECT_NEAR(Json::parse(answer->body)[0]["score"].get<double>(), expected[0]["score"].get<double>(),
                gpu_precisions[0].distance);
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
