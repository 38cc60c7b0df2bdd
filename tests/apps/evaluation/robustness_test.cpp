// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/robustness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/evaluation/corruptions.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/report/evaluation_report.h"
#include "cpu/parallel.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

class Robustness : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        set_thread_count(1);
        folder_ = new TemporaryFolder;
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32, .dropout = 0});
        detector.initialize(5);
        save_detector(*folder_ / "model.safetensors", detector);
        data_ = write_tiny_faces(folder_->path(), 4, 2, 16);
        results_ = new std::vector<DatasetEvaluation>(evaluate_robustness(options()));
    }
    static void TearDownTestSuite() {
        delete results_;
        delete folder_;
    }
    static EvaluateOptions options() {
        return {.model = *folder_ / "model.safetensors",
                .data = {data_, data_},
                .bootstrap = {.resamples = 20, .seed = 3},
                .batch = 6};
    }
    static inline TemporaryFolder* folder_ = nullptr;
    static inline std::filesystem::path data_;
    static inline std::vector<DatasetEvaluation>* results_ = nullptr;
};

TEST_F(Robustness, MeasuresEveryCorruptionAtEveryStrength) {
    ASSERT_EQ(results_->size(), 62u);
    EXPECT_EQ((*results_)[0].protocol.corruption, "none");
    EXPECT_EQ((*results_)[31].protocol.corruption, "none");
    size_t index = 1;
    for (const Corruption& corruption : corruption_table()) {
        for (const double strength : corruption.strengths) {
            const DatasetEvaluation& one = (*results_)[index++];
            EXPECT_EQ(one.protocol.corruption, corruption.name);
            EXPECT_EQ(one.protocol.strength, strength);
            EXPECT_EQ(one.evaluation.all.frame.fake, 8);
        }
        // The mildest blur changes nothing in pictures as small as these.
        EXPECT_NE((*results_)[index - 1].scores, (*results_)[0].scores) << corruption.name;
    }
}

TEST_F(Robustness, PicturesAsTheyAreGiveWhatEvaluateGives) {
    const std::vector<DatasetEvaluation> plain = evaluate_model(options());
    EXPECT_EQ((*results_)[0].scores, plain[0].scores);
    EXPECT_EQ(*(*results_)[0].evaluation.all.video_intervals.log_loss,
              *plain[0].evaluation.all.video_intervals.log_loss);
}

TEST_F(Robustness, IsTheSameAgainAndForThreadsThatLoad) {
    set_thread_count(1);
    EvaluateOptions again = options();
    again.data.pop_back();
    again.threads = 3;
    const std::vector<DatasetEvaluation> results = evaluate_robustness(again);
    for (size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].scores, (*results_)[i].scores) << i;
}

TEST_F(Robustness, TablesPagesAndJsonNameCorruptionAndStrength) {
    const std::string text = robustness_text(*results_);
    for (const char* part : {"frame AUC", "video ACC", "jpeg, quality: 90, 70, 50, 30, 10", "as it is",
                             "split test", "20 resamples"})
        EXPECT_NE(text.find(part), std::string::npos) << part;
    EXPECT_EQ(text.find("none"), std::string::npos);
    const std::string page = robustness_report(*results_);
    EXPECT_EQ(count_of("<svg ", page), 12u);
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_NE(page.find("The shaded bands are"), std::string::npos);
    std::vector<DatasetEvaluation> without = *results_;
    for (DatasetEvaluation& one : without)
        one.evaluation.all.frame_intervals.auc = one.evaluation.all.video_intervals.auc = {};
    EXPECT_EQ(robustness_report(without).find("shaded bands"), std::string::npos);
    // One axis for all, no further than an AUC can be.
    without[1].evaluation.all.frame.auc = 0.23;
    const std::string low = robustness_report(without);
    EXPECT_EQ(count_of(">0.2</text>", low), 12u);
    EXPECT_EQ(count_of(">1</text>", low), 24u);  // and of strength
    EXPECT_EQ(low.find(">1.1</text>"), std::string::npos);
    without[2].evaluation.all.video_intervals.auc = Interval{0.03, 1};
    EXPECT_EQ(count_of(">0</text>", robustness_report(without)), 24u);
    const auto json = nlohmann::json::parse(evaluation_answer(*results_))["results"];
    EXPECT_TRUE(json[0]["protocol"]["strength"].is_null());
    EXPECT_EQ(json[1]["protocol"]["corruption"], "jpeg");
    EXPECT_EQ(json[1]["protocol"]["strength"], 90);
}

}  // namespace
}  // namespace unmask
