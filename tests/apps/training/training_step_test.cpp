// SPDX-License-Identifier: Apache-2.0
#include "apps/training/training_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "engine/rank_patience.h"

namespace unmask {
namespace {

// A single rank's communicator that counts who waits for it, and loses the others when it is told.
class OneRank final : public Communicator {
  public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    [[nodiscard]] Device device() const override { return cpu_device; }
    void all_gather(const Tensor& own, Tensor& all) override { all.copy_from(own); }
    void all_reduce(Tensor&) override {}
    void broadcast(Tensor&, int) override {}
    void begin_all_reduce(Tensor) override {}
    void finish_all_reduces() override {}
    void wait() override {
        ++waited;
        if (lost) throw RankLost("lost");
    }
    int waited = 0;
    bool lost = false;
};

// The host reads the terms only when no rank keeps the device from computing them.
TEST(TrainingStep, WaitsForTheRanksBeforeTheHostDoes) {
    const auto ranks = std::make_shared<OneRank>();
    TrainOptions options;
    options.model = {.backbone = "resnet18", .branches = 1, .width = 0.05, .size = 32};
    options.ranks.communicator = ranks;
    Detector detector(options.model);
    Objective objective(options.objective);
    detector.initialize(1);
    TrainingStep step(detector, objective, options);
    const Targets targets{.labels = Tensor::from<int64_t>({4}, {0, 1, 0, 1})};
    const Tensor images = Tensor::full({4, 32, 32, 3}, 0.5);
    const EpochTerms terms = step.run(images, targets, 0, 1e-3);
    EXPECT_TRUE(std::isfinite(terms.total));
    EXPECT_EQ(ranks->waited, 1);
    ranks->lost = true;
    step.enqueue(images, targets, 1, 1e-3);
    EXPECT_EQ(ranks->waited, 1);
    EXPECT_THROW((void)step.terms(), RankLost);
}

}  // namespace
}  // namespace unmask
