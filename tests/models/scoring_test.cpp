// SPDX-License-Identifier: Apache-2.0
// A detector that is ready to score: what it keeps in memory.
#include "models/scoring.h"

#include <gtest/gtest.h>

#include "engine/context.h"
#include "tests/models/quantized_detector.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Scoring, CanDoWithoutTheTrainedWeightsOfTheBranches) {
    const auto detector = std::make_unique<Detector>(
        DetectorOptions{.backbone = "resnet18", .branches = 2, .width = 0.5, .size = 32});
    detector->initialize(3);
    detector->set_training(false);
    size_t branches = 0, others = 0;
    for (const auto& [name, parameter] : detector->parameters())
        (name.starts_with("branches.") ? branches : others) += parameter.value().bytes();
    const auto used = [] { return context_of(cpu_device)->memory().used_bytes; };
    const size_t trained = used();
    prepare_scoring(*detector);
    EXPECT_GT(used(), trained + branches);
    const Tensor logits = detector->infer(images(3, 2)).clone();
    const NoGrad nothing_recorded;
    const Tensor map = detector->feature_maps(images(3, 2)).back().value().clone();
    detector->drop_prepared();
    for (int time = 0; time < 2; ++time) {  // may be called again
        prepare_scoring(*detector, TrainedWeights::released);
        EXPECT_LT(used(), trained + branches / 10 + others * 11 / 10);
    }
    EXPECT_TRUE(same_bytes(detector->infer(images(3, 2)), logits));
    EXPECT_TRUE(same_bytes(detector->feature_maps(images(3, 2)).back().value(), map)) << "for heat maps";
    expect_error([&] { detector->set_training(true); }, {"kept for inference alone"});
}

}  // namespace
}  // namespace unmask
