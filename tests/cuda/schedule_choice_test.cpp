// SPDX-License-Identifier: Apache-2.0
// `--branch-schedule auto` on the emulated GPU, by a clock that makes one schedule or another the fastest.
#include "apps/schedule_choice.h"

#include <gtest/gtest.h>

#include "apps/bench_work.h"
#include "engine/context.h"
#include "engine/error.h"
#include "tests/simt/machine.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_training.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr BranchSchedule all[] = {BranchSchedule::separate, BranchSchedule::merged_stems,
                                  BranchSchedule::lockstep, BranchSchedule::parallel};

class ScheduleChoice : public testing::Test {
  protected:
    ~ScheduleChoice() override { simt::set_clock(nullptr); }
    // Two readings of the clock are as far apart as the detector's schedule costs.
    void plant(const Detector& detector, std::map<BranchSchedule, double> costs) {
        simt::set_clock([this, &detector, costs = std::move(costs)] {
            ++readings_;
            return time_ += costs.at(detector.branch_schedule());
        });
    }
    static std::map<BranchSchedule, double> fastest_is(BranchSchedule schedule) {
        std::map<BranchSchedule, double> costs;
        for (const BranchSchedule one : all) costs[one] = one == schedule ? 1.0 : 2.0;
        return costs;
    }
    // The schedule of work that does nothing. Sizes tell the tests' problems apart, whose choices the context
    // keeps.
    BranchSchedule taken(int size, const std::map<BranchSchedule, double>& costs, int recomputed = no_stage) {
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.05, .size = size});
        plant(detector, costs);
        return choose_schedule(detector, {.device = gpu, .recomputed_stages = recomputed},
                               {.training = true, .recorded = false, .run = [this] { ++runs_; }});
    }
    BranchSchedule taken(int size, BranchSchedule planted, int recomputed = no_stage) {
        return taken(size, fastest_is(planted), recomputed);
    }

    const ComputeModeScope timed_{{.time_algorithms = true}};
    int readings_ = 0, runs_ = 0;
    double time_ = 0;
};

TEST_F(ScheduleChoice, ATrainingTakesTheFastestAndMeasuringLeavesNoTrace) {
    const auto training_of = [](BranchSchedule schedule) {
        return SmallTrainingCase{.device = gpu, .capture = true, .schedule = schedule, .average_decay = 0.9};
    };
    SmallTraining chosen(training_of(BranchSchedule::automatic)),
        given(training_of(BranchSchedule::lockstep));
    plant(chosen.detector(), fastest_is(BranchSchedule::lockstep));
    for (int64_t step = 0; step < 3; ++step) EXPECT_EQ(chosen.run(step).total, given.run(step).total) << step;
    EXPECT_EQ(chosen.step().schedule(), BranchSchedule::lockstep);
    expect_same_bytes(chosen, given);
    EXPECT_EQ(chosen.detector().branch_schedule(), BranchSchedule::automatic) << "what validation takes";
}

TEST_F(ScheduleChoice, IsMadeOnceAndKeptWithTheTuning) {
    EXPECT_EQ(taken(40, BranchSchedule::lockstep), BranchSchedule::lockstep);
    const int readings = readings_;
    EXPECT_GT(readings, 0);
    EXPECT_EQ(taken(40, BranchSchedule::parallel), BranchSchedule::lockstep) << "kept";
    EXPECT_EQ(readings_, readings) << "nothing is measured again";
    EXPECT_EQ(taken(41, BranchSchedule::parallel), BranchSchedule::parallel) << "another problem";

    // As a resumed run takes it up.
    Context& context = *context_of(gpu);
    std::string tuning = context.tuning();
    const size_t place = tuning.find("\"lockstep\"", tuning.find("of 40 x 40"));
    ASSERT_NE(place, std::string::npos) << tuning;
    tuning.replace(place, std::string("\"lockstep\"").size(), "\"separate\"");
    EXPECT_EQ(context.set_tuning(tuning), "");
    EXPECT_EQ(taken(40, BranchSchedule::parallel), BranchSchedule::separate);
}

TEST_F(ScheduleChoice, ANameThatIsNoneIsMeasuredAnew) {
    static_cast<void>(taken(42, BranchSchedule::lockstep));
    Context& context = *context_of(gpu);
    std::string tuning = context.tuning();
    const size_t place = tuning.find("\"lockstep\"", tuning.find("of 42 x 42"));
    tuning.replace(place, std::string("\"lockstep\"").size(), "\"sideways\"");
    EXPECT_EQ(context.set_tuning(tuning), "");
    EXPECT_EQ(taken(42, BranchSchedule::parallel), BranchSchedule::parallel);
}

TEST_F(ScheduleChoice, AmongEquallyFastOnesThePlainestIsTaken) {
    EXPECT_EQ(taken(43, {{BranchSchedule::separate, 2},
                         {BranchSchedule::merged_stems, 2},
                         {BranchSchedule::lockstep, 3},
                         {BranchSchedule::parallel, 2}}),
              BranchSchedule::separate);
    EXPECT_EQ(taken(47, {{BranchSchedule::separate, 2},
                         {BranchSchedule::lockstep, 1.97},
                         {BranchSchedule::parallel, 1.97}}),
              BranchSchedule::separate)
        << "what timing wavers by is no gain";
    EXPECT_EQ(taken(49, {{BranchSchedule::separate, 2},
                         {BranchSchedule::lockstep, 1.95},
                         {BranchSchedule::parallel, 1.94}}),
              BranchSchedule::lockstep);
}

TEST_F(ScheduleChoice, DeterministicTrainingTakesNoneThatRoundsOtherwise) {
    EXPECT_EQ(taken(50, BranchSchedule::merged_stems), BranchSchedule::separate);
    const ComputeModeScope nondeterministic({.deterministic = false, .time_algorithms = true});
    EXPECT_EQ(taken(50, BranchSchedule::merged_stems), BranchSchedule::merged_stems);
}

TEST_F(ScheduleChoice, WhatCannotRecomputeIsNotTaken) {
    EXPECT_EQ(taken(44, BranchSchedule::lockstep, every_stage), BranchSchedule::separate);
    EXPECT_EQ(taken(45, BranchSchedule::parallel, 2), BranchSchedule::parallel);
}

TEST_F(ScheduleChoice, AScheduleThatMemoryDoesNotSufficeForIsLeftOut) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 46});
    int undone = 0;
    bool all = false;
    const ScheduledWork work{.run =
                                 [&] {
                                     if (all || detector.branch_schedule() != BranchSchedule::lockstep)
                                         throw OutOfMemory("out of memory");
                                 },
                             .undo = [&] { ++undone; }};
    EXPECT_EQ(choose_schedule(detector, {.device = gpu}, work), BranchSchedule::lockstep);
    EXPECT_EQ(undone, 1);
    all = true;
    ScheduledWork other = work;
    other.batch = 2;
    expect_error([&] { static_cast<void>(choose_schedule(detector, {.device = gpu}, other)); },
                 {"out of memory"});
    EXPECT_EQ(undone, 2);
    EXPECT_EQ(detector.branch_schedule(), BranchSchedule::automatic);
}

TEST_F(ScheduleChoice, OtherErrorsPass) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 51});
    int undone = 0;
    ScheduledWork work{.run =
                           [&] {
                               if (detector.branch_schedule() == BranchSchedule::lockstep) fail("broken");
                           },
                       .undo = [&] { ++undone; }};
    const auto choose = [&] { static_cast<void>(choose_schedule(detector, {.device = gpu}, work)); };
    expect_error(choose, {"broken"});
    EXPECT_EQ(undone, 1);
    EXPECT_EQ(detector.branch_schedule(), BranchSchedule::automatic);
    work.run = [] {};
    work.undo = [] { fail("not undone"); };
    expect_error(choose, {"not undone"});
    EXPECT_EQ(context_of(gpu)->tuning().find("of 51 x 51"), std::string::npos) << "nothing is kept";
}

TEST_F(ScheduleChoice, NothingIsMeasuredWhereAlgorithmsAreNotTimed) {
    const ComputeModeScope untimed({.time_algorithms = false});
    EXPECT_EQ(taken(48, BranchSchedule::lockstep), BranchSchedule::automatic);
    EXPECT_EQ(runs_, 0);
    EXPECT_EQ(readings_, 0);
}

// By the emulated GPU's own clock, on which fewer kernels take less time: in inference none has fewer than
// `separate`.
TEST_F(ScheduleChoice, BenchTellsWhatItTook) {
    BenchOptions options;
    options.batch = 1;
    options.train.compute.device = gpu;
    options.train.model = {.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 32};
    EXPECT_EQ(BenchWork(options).schedule(), BranchSchedule::separate);
}

TEST_F(ScheduleChoice, BenchMeasuresBeforeTheStepsThatItTimes) {
    simt::set_clock([this] {
        ++readings_;
        return time_ += 1.0;
    });
    for (const bool graph : {true, false}) {
        BenchOptions options{.mode = "train", .graph = graph, .batch = 2};
        options.train.compute.device = gpu;
        options.train.model = {.backbone = "resnet18", .branches = 2, .width = 0.05, .size = 32};
        const int before = readings_;
        BenchWork work(options);
        work.record();
        const int readings = readings_;
        EXPECT_GT(readings, before);
        work.step();
        EXPECT_EQ(readings_, readings);
    }
}

}  // namespace
}  // namespace unmask
