// SPDX-License-Identifier: Apache-2.0
#include "apps/training/training_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "engine/error.h"
#include "engine/kernel_observer.h"
#include "engine/rank_patience.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_training.h"
#include "tests/support/thread_scope.h"

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
    void begin_all_reduce(Tensor) override {
        EXPECT_EQ(watches, 1) << "what is enqueued piece by piece may be held up by the device";
        if (lost) throw RankLost("lost");
    }
    void finish_all_reduces() override {}
    [[nodiscard]] std::unique_ptr<RankWatch> watch() override {
        struct Counted final : RankWatch {
            explicit Counted(int& watches) : count(watches) { ++count; }
            ~Counted() override { --count; }
            int& count;
        };
        return std::make_unique<Counted>(watches);
    }
    void wait() override {
        EXPECT_EQ(watches, 1) << "to the end of the step";
        ++waited;
        if (lost) throw RankLost("lost");
    }
    int waited = 0, watches = 0;
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
    EXPECT_EQ(ranks->watches, 0);
    step.enqueue(images, targets, 1, 1e-3);
    EXPECT_EQ(ranks->waited, 1);
    ranks->lost = true;
    EXPECT_THROW((void)step.terms(), RankLost);
    EXPECT_THROW(step.enqueue(images, targets, 2, 1e-3), RankLost);
    EXPECT_EQ(ranks->watches, 0);
}

// The learning rate, the step, the mixup share and the batch change from run to run of the recorded work.
TEST(TrainingStep, RecordedStepsHaveTheBytesOfEagerOnes) {
    const SmallTrainingCase cases[] = {
        {.clip = 0.7, .divergence = Divergence::sinkhorn, .mixup = true, .average_decay = 0.9},
        {.backbone = "efficientnet_b0", .optimizer = OptimizerKind::sgd},
        {.schedule = BranchSchedule::merged_stems},
        {.backbone = "mobilenet_v1", .schedule = BranchSchedule::lockstep},
        {.recomputed_stages = every_stage},
    };
    for (SmallTrainingCase setup : cases) {
        SCOPED_TRACE(setup.backbone + " " + std::string(name_of(setup.schedule)));
        SmallTraining eager(setup);
        setup.capture = true;
        SmallTraining recorded(setup);
        for (int64_t step = 0; step < 4; ++step) {
            EXPECT_EQ(recorded.run(step).total, eager.run(step).total) << step;
            if (step == 2) recorded.step().release_memory();
        }
        expect_same_bytes(recorded, eager);
    }
}

// Two branches on two threads: with one thread a kernel nothing is summed by threads.
TEST(TrainingStep, BranchesSideBySideHaveTheBytesOfBranchesInTurn) {
    for (const int recomputed : {no_stage, 2, every_stage})
        for (const char* backbone : {"resnet18", "efficientnet_b0"}) {
            SCOPED_TRACE(backbone);
            SmallTraining in_turn({.backbone = backbone});
            SmallTraining side_by_side({.backbone = backbone,
                                        .capture = true,
                                        .schedule = BranchSchedule::automatic,
                                        .recomputed_stages = recomputed});
            for (int64_t step = 0; step < 3; ++step) {
                const EpochTerms expected = [&] {
                    const ThreadScope one(1);
                    return in_turn.run(step);
                }();
                const ThreadScope two(2);
                EXPECT_EQ(side_by_side.run(step).total, expected.total) << step;
            }
            expect_same_bytes(side_by_side, in_turn);
        }
}

TEST(TrainingStep, RecomputingTakesLessMemoryForTheSameBytes) {
    for (const bool capture : {false, true}) {
        Context& context = *context_of(cpu_device);
        const auto peak = [&](SmallTraining& training) {
            const int64_t before = int64_t(context.memory().used_bytes);
            for (int64_t step = 0; step < 3; ++step) {
                if (step == 2) context.reset_peak();
                training.run(step);
            }
            return int64_t(context.memory().peak_bytes) - before;
        };
        SmallTraining kept({.capture = capture, .size = 96}),
            recomputed({.capture = capture, .recomputed_stages = every_stage, .size = 96}),
            partly({.capture = capture, .recomputed_stages = 2, .size = 96});
        const int64_t more = peak(kept), less = peak(recomputed), between = peak(partly);
        EXPECT_LT(less, more * 55 / 100) << "captured: " << capture;  // 53
        EXPECT_LT(between, more * 80 / 100) << "captured: " << capture;
        expect_same_bytes(recomputed, kept);
        expect_same_bytes(partly, kept);
    }
}

TEST(TrainingStep, RecomputesOnlyBranchesApart) {
    for (const BranchSchedule schedule : {BranchSchedule::lockstep, BranchSchedule::merged_stems}) {
        SmallTraining training({.schedule = schedule, .recomputed_stages = every_stage});
        expect_error([&] { training.run(0); }, {"recompute", "separate", std::string(name_of(schedule))});
    }
}

TEST(TrainingStep, UpdatesNothingWhenTheObjectiveIsNoNumber) {
    for (const double clip : {0.0, 1.0}) {
        SmallTraining training({.capture = true, .clip = clip});
        training.run(0);
        expect_broken_batch_updates_nothing(training, 1);
    }
}

// A detector is trained on by steps of another kind; what the first left behind takes nothing.
TEST(TrainingStep, AnotherStepTakesTheParametersOver) {
    for (const bool first_captures : {true, false}) {
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32});
        Objective objective({});
        detector.initialize(5);
        objective.initialize(5);
        TrainOptions options;
        options.model = detector.options();
        const Targets targets{.labels = small_labels(0)};
        for (const bool captures : {first_captures, !first_captures}) {
            TrainingStep step(detector, objective, options, captures);
            EXPECT_TRUE(std::isfinite(step.run(small_images(0), targets, 0, 1e-3).total));
        }
        objective.forward(detector.forward(small_images(1)), targets).total.backward();
        EXPECT_TRUE(detector.parameters().front().variable.gradient().defined());
    }
}

// Clipping needs all of them.
TEST(TrainingStep, KeepsGradientsOnlyWhereAllAreNeededAtOnce) {
    EXPECT_FALSE(SmallTraining({.capture = true}).step().parameters().gradients().defined());
    EXPECT_TRUE(SmallTraining({.capture = true, .clip = 1.0}).step().parameters().gradients().defined());
    EXPECT_TRUE(SmallTraining({.capture = false}).step().parameters().gradients().defined());
}

// A batch of another size is another recording; the one before gives its memory back.
TEST(TrainingStep, KeepsTheMemoryOfOneRecording) {
    SmallTraining training({.capture = true});
    training.run(0);
    const auto used = [] { return context_of(cpu_device)->memory().used_bytes; };
    const size_t before = used();
    const auto run = [&](int64_t count, int64_t step) {
        const Targets targets{.labels = small_labels(step).rows(0, count)};
        return training.step().run(small_images(step).rows(0, count), targets, step, 1e-3);
    };
    EXPECT_TRUE(std::isfinite(run(4, 1).total));
    EXPECT_LT(used(), before);
    EXPECT_TRUE(std::isfinite(run(small_batch, 2).total));
    const size_t images = size_t(4 * 32 * 32 * 3) * sizeof(float);
    EXPECT_LT(used(), before + 2 * images);
}

// Throws at the nth call of a kernel.
class FailureAt final : public KernelObserver {
  public:
    FailureAt(std::string_view kernel, int call) : kernel_(kernel), left_(call) {}
    void called(const KernelCall& call) override {
        if (call.name() == kernel_ && --left_ == 0) throw Error("no memory");
    }

  private:
    std::string_view kernel_;
    int left_;
};

// The recorded step updates each parameter on its way.
TEST(TrainingStep, KnowsWhenItWasBrokenOffWhileItUpdated) {
    SmallTraining training({.capture = true});
    training.run(0);
    EXPECT_FALSE(training.step().updating());
    {
        const FailureAt failure("adam_step", 5);
        EXPECT_THROW(training.run(1), Error);
    }
    EXPECT_TRUE(training.step().updating());
    training.run(1);
    EXPECT_FALSE(training.step().updating());
    SmallTraining flat({.capture = false});
    {
        const FailureAt failure("conv2d_backward_weight", 3);
        EXPECT_THROW(flat.run(0), Error);
    }
    EXPECT_TRUE(flat.step().updating());  // the running statistics are those of the next step
}

// Backward adds to the gradients that all parameters have in one memory.
TEST(TrainingStep, ABrokenOffBackwardLeavesNoGradients) {
    SmallTraining training({.capture = false});
    training.run(0);
    for (const char* kernel : {"conv2d_backward_weight", "conv2d_backward_data"}) {
        const FailureAt failure(kernel, 20);
        EXPECT_THROW(training.run(1), Error);
        const std::vector<float> left = training.step().parameters().gradients().to_floats();
        EXPECT_EQ(left, std::vector<float>(left.size(), 0.0f)) << kernel;
    }
}

}  // namespace
}  // namespace unmask
