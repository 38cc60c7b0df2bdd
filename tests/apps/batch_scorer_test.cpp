// SPDX-License-Identifier: Apache-2.0
#include "apps/batch_scorer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "layers/evaluation_mode.h"
#include "layers/initialization.h"
#include "models/scores.h"
#include "models/scoring.h"

namespace unmask {
namespace {

TEST(BatchScorer, ScoresAreTheDetectorsProbabilitiesByTheScheduleAskedFor) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32});
    detector.initialize(5);
    detector.set_branch_schedule(BranchSchedule::separate);
    Tensor images = Tensor::empty({3, 32, 32, 3});
    fill_normal(images, 1.0, 1, "images");
    const EvaluationMode mode(detector);
    const std::vector<double> expected = [&] {
        const NoGrad nothing_recorded;
        return fake_probabilities(detector.heads(detector.feature_maps(images)).global.value());
    }();
    EXPECT_NE(expected[0], expected[1]);
    prepare_scoring(detector);
    for (const BranchSchedule schedule : {BranchSchedule::lockstep, BranchSchedule::merged_stems}) {
        BatchScorer scorer(detector, {.schedule = schedule});
        EXPECT_EQ(detector.branch_schedule(), schedule);
        const std::vector<double> scores = scorer.score(images);
        ASSERT_EQ(scores.size(), 3u);
        for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(scores[i], expected[i], 1e-5) << name_of(schedule);
        EXPECT_EQ(scorer.score(images), scores);
    }
    EXPECT_EQ(detector.branch_schedule(), BranchSchedule::separate);
}

TEST(BatchScorer, AnAnswerThatIsNoNumberStaysNone) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32});
    detector.initialize(5);
    const EvaluationMode mode(detector);
    prepare_scoring(detector);
    for (const auto& [name, tensor] : detector.state())
        if (name.starts_with("global_head")) {
            Tensor weights = tensor;
            weights.copy_from(Tensor::full(weights.shape(), std::nan("")));
        }
    EXPECT_TRUE(std::isnan(BatchScorer(detector, {}).score(Tensor::zeros({1, 32, 32, 3}))[0]));
}

}  // namespace
}  // namespace unmask
