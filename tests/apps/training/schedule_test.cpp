// SPDX-License-Identifier: Apache-2.0
#include "apps/training/schedule.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

constexpr ScheduleLength ten_epochs{.epochs = 10, .steps = 10};
constexpr ScheduleLength long_training{.epochs = 10, .steps = 100};

TEST(Schedule, CosineFallsFromTheHighestToTheFinalRate) {
    const ScheduleOptions options{.learning_rate = 1.0, .final_rate = 0.2};
    EXPECT_DOUBLE_EQ(scheduled_rate(options, 0, ten_epochs), 1.0);
    EXPECT_NEAR(scheduled_rate(options, 50, ten_epochs), 0.6, 1e-12);
    EXPECT_NEAR(scheduled_rate(options, 100, ten_epochs), 0.2, 1e-12);
    for (int step = 1; step < 100; ++step)
        EXPECT_LT(scheduled_rate(options, step, ten_epochs), scheduled_rate(options, step - 1, ten_epochs));
}

TEST(Schedule, WarmUpClimbsInEqualStepsBeforeEveryKind) {
    for (const ScheduleKind kind : {ScheduleKind::cosine, ScheduleKind::step, ScheduleKind::constant}) {
        const ScheduleOptions options{.kind = kind, .learning_rate = 1.0, .warmup = 4};
        EXPECT_DOUBLE_EQ(scheduled_rate(options, 0, ten_epochs), 0.25);
        EXPECT_DOUBLE_EQ(scheduled_rate(options, 3, ten_epochs), 1.0);
        EXPECT_DOUBLE_EQ(scheduled_rate(options, 4, ten_epochs), 1.0);
    }
    EXPECT_NEAR(scheduled_rate({.learning_rate = 1.0, .warmup = 4}, 52, ten_epochs), 0.5, 1e-12);
}

TEST(Schedule, APeriodGoesUpAgainAfterItsEnd) {
    const ScheduleOptions options{.learning_rate = 1.0, .period = 150};
    EXPECT_NEAR(scheduled_rate(options, 150, long_training), 0.0, 1e-12);
    EXPECT_NEAR(scheduled_rate(options, 300, long_training), 1.0, 1e-12);
    EXPECT_NEAR(scheduled_rate(options, 75, long_training), 0.5, 1e-12);
    EXPECT_NEAR(scheduled_rate(options, 225, long_training), 0.5, 1e-12);
}

TEST(Schedule, RestartsBeginEachPeriodAtTheHighestRate) {
    const ScheduleOptions options{
        .learning_rate = 1.0, .final_rate = 0.2, .warmup = 5, .period = 150, .restarts = true};
    EXPECT_DOUBLE_EQ(scheduled_rate(options, 155, long_training), 1.0);
    EXPECT_LT(scheduled_rate(options, 154, long_training), 0.21);
    EXPECT_DOUBLE_EQ(scheduled_rate(options, 155 + 75, long_training),
                     scheduled_rate(options, 5 + 75, long_training));
}

TEST(Schedule, StairsFallByTheFactorEveryFewEpochs) {
    const ScheduleOptions options{
        .kind = ScheduleKind::step, .learning_rate = 0.8, .step_epochs = 3, .step_factor = 0.5};
    for (const auto& [step, rate] :
         {std::pair{0, 0.8}, {29, 0.8}, {30, 0.4}, {59, 0.4}, {60, 0.2}, {99, 0.1}})
        EXPECT_DOUBLE_EQ(scheduled_rate(options, step, ten_epochs), rate) << step;
}

TEST(Schedule, ConstantStays) {
    const ScheduleOptions options{.kind = ScheduleKind::constant, .learning_rate = 0.3, .final_rate = 0.1};
    for (const int step : {0, 50, 99}) EXPECT_DOUBLE_EQ(scheduled_rate(options, step, ten_epochs), 0.3);
}

}  // namespace
}  // namespace unmask
