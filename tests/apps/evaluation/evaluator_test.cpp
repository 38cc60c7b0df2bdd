// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluator.h"

#include <gtest/gtest.h>

#include <limits>

#include "apps/evaluation/evaluation_text.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

ManifestRow row(std::string video, std::string method, int label) {
    return {.path = "x.png",
            .video = std::move(video),
            .dataset = "d",
            .method = std::move(method),
            .label = label};
}

TEST(Evaluator, VideosAreScoredByTheMeanOfTheirFrames) {
    const std::vector<ManifestRow> rows{row("a", "original", 0), row("a", "original", 0),
                                        row("b", "swap", 1)};
    const Evaluation evaluation = evaluate_scores(rows, std::vector<double>{0.9, 0.2, 0.7});
    EXPECT_EQ(evaluation.all.frame.real, 2);
    EXPECT_EQ(evaluation.all.video.real, 1);
    EXPECT_DOUBLE_EQ(*evaluation.all.frame.auc, 0.5);  // above 0.2 only
    EXPECT_DOUBLE_EQ(*evaluation.all.video.auc, 1.0);  // above 0.55
    EXPECT_DOUBLE_EQ(*evaluation.all.frame.accuracy, 2.0 / 3);
    EXPECT_DOUBLE_EQ(*evaluation.all.video.accuracy, 0.5);  // 0.55 passes for fake
}

TEST(Evaluator, TheSameIdUnderAnotherMethodOrDatasetIsAnotherVideo) {
    std::vector<ManifestRow> rows{row("1", "original", 0), row("1", "swap", 1), row("1", "reenact", 1)};
    rows.push_back(rows[1]);
    rows.back().dataset = "e";
    const Evaluation evaluation = evaluate_scores(rows, std::vector<double>{0.1, 0.8, 0.9, 0.7});
    EXPECT_EQ(evaluation.all.video.real, 1);
    EXPECT_EQ(evaluation.all.video.fake, 3);
}

TEST(Evaluator, EachMethodIsMeasuredAgainstTheRealOnesOfItsDataset) {
    const std::vector<ManifestRow> rows{row("a", "original", 0), row("b", "original", 0), row("c", "swap", 1),
                                        row("d", "reenact", 1)};
    const Evaluation evaluation = evaluate_scores(rows, std::vector<double>{0.1, 0.6, 0.9, 0.3});
    ASSERT_EQ(evaluation.methods.size(), 2u);
    EXPECT_EQ(evaluation.methods[0].method, "reenact");
    EXPECT_DOUBLE_EQ(*evaluation.methods[0].scores.frame.auc, 0.5);
    EXPECT_EQ(evaluation.methods[1].method, "swap");
    EXPECT_DOUBLE_EQ(*evaluation.methods[1].scores.frame.auc, 1.0);
    EXPECT_EQ(evaluation.methods[1].scores.frame.real, 2);
    EXPECT_EQ(evaluation.methods[1].scores.frame.fake, 1);
}

TEST(Evaluator, OneClassReadsNotAvailable) {
    const Evaluation evaluation =
        evaluate_scores(std::vector<ManifestRow>{row("a", "swap", 1)}, std::vector{0.4});
    EXPECT_FALSE(evaluation.all.frame.auc.has_value());
    EXPECT_NE(evaluation_text(evaluation).find("n/a"), std::string::npos);
    EXPECT_TRUE(evaluation.methods.empty());
}

TEST(Evaluator, BetterIsAHigherAucThenALowerLogLoss) {
    const auto scores = [](std::optional<double> auc, double log_loss) {
        return EvaluationScores{.frame = {.auc = auc, .log_loss = log_loss}, .video = {}};
    };
    EXPECT_TRUE(is_better(scores(0.8, 2.0), scores(0.7, 1.0)));
    EXPECT_FALSE(is_better(scores(0.7, 1.0), scores(0.8, 2.0)));
    EXPECT_TRUE(is_better(scores(0.8, 1.0), scores(0.8, 2.0)));
    EXPECT_FALSE(is_better(scores(0.8, 2.0), scores(0.8, 2.0)));
    EXPECT_TRUE(is_better(scores({}, 1.0), scores({}, 2.0)));
    EXPECT_FALSE(is_better(scores({}, 2.0), scores({}, 1.0)));
}

TEST(Evaluator, ProbabilitiesAreTheSoftmaxOfTheLogits) {
    const Tensor logits = Tensor::from<float>({3, 2}, std::vector<float>{0, 0, -1, 1, 1000, -1000});
    const std::vector<double> probabilities = fake_probabilities(logits);
    EXPECT_DOUBLE_EQ(probabilities[0], 0.5);
    EXPECT_NEAR(probabilities[1], 0.8807970779778823, 1e-12);
    EXPECT_DOUBLE_EQ(probabilities[2], 0.0);
}

TEST(Evaluator, EveryRowNeedsAScore) {
    expect_error(
        [] { static_cast<void>(evaluate_scores(std::vector{row("a", "swap", 1)}, std::vector<double>{})); },
        {"a score for each of 1"});
}

}  // namespace
}  // namespace unmask
