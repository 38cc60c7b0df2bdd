// SPDX-License-Identifier: Apache-2.0
// Whole training steps of small detectors on the emulated GPU: against the CPU, recorded against eager, in
// bf16, and with the branches ordered otherwise.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/training_step.h"
#include "engine/philox.h"
#include "tests/simt/machine.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr int64_t batch = 6;

struct Case {
    std::string backbone = "resnet18";
    Device device = gpu;
    Precision precision = Precision::f32;
    bool capture = false;
    BranchSchedule schedule = BranchSchedule::separate;
    double clip = 0.0;
    Divergence divergence = Divergence::kl;
    OptimizerKind optimizer = OptimizerKind::adam;
    bool mixup = false;
};

Tensor images(int64_t step) {
    const Philox random(11, "images");
    Tensor result = Tensor::empty({batch, 32, 32, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] =
            2.0f * random.uniform(static_cast<uint64_t>(step), static_cast<uint64_t>(i)) - 1.0f;
    return result;
}

Tensor labels(int64_t first) {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < batch; ++i) values.push_back((first + i) % 2);
    return Tensor::from<int64_t>({batch}, values);
}

// A detector with its objective and its step.
class Training {
  public:
    explicit Training(const Case& setup)
        : setup_(setup),
          detector_({.backbone = setup.backbone, .branches = 3, .width = 0.125, .size = 32, .dropout = 0.3}),
          objective_({.divergence = setup.divergence}) {
        detector_.initialize(5);
        objective_.initialize(5);
        detector_.to(setup.device);
        objective_.to(setup.device);
        detector_.set_branch_schedule(setup.schedule);
        TrainOptions options;
        options.compute = {setup.device, setup.precision};
        options.seed = 9;
        options.clip = setup.clip;
        options.optimizer = setup.optimizer;
        options.model = detector_.options();
        step_ = std::make_unique<TrainingStep>(detector_, objective_, options, setup.capture);
    }
    EpochTerms run(int64_t step) { return run(step, images(step)); }
    EpochTerms run(int64_t step, const Tensor& pictures) {
        Targets targets{.labels = labels(step)};
        if (setup_.mixup) {
            targets.mixed_labels = labels(step + 1);
            targets.lambda = 0.3 + 0.1 * static_cast<double>(step);
        }
        return step_->run(pictures, targets, step, 1e-3 / static_cast<double>(step + 1));
    }
    [[nodiscard]] std::map<std::string, Tensor> state() const {
        std::map<std::string, Tensor> result;
        for (const auto& [name, tensor] : detector_.state()) result[name] = tensor.to(cpu_device).clone();
        for (const auto& [name, tensor] : objective_.state())
            result["objective." + name] = tensor.to(cpu_device).clone();
        return result;
    }
    TrainingStep& step() { return *step_; }

  private:
    Case setup_;
    Detector detector_;
    Objective objective_;
    std::unique_ptr<TrainingStep> step_;
};

void expect_same_bytes(const Training& found, const Training& expected) {
    const auto a = found.state(), b = expected.state();
    for (const auto& [name, tensor] : b) EXPECT_TRUE(same_bytes(a.at(name), tensor)) << name;
}

void expect_close(const EpochTerms& found, const EpochTerms& expected, double bound) {
    EXPECT_NEAR(found.total, expected.total, bound * std::abs(expected.total));
    EXPECT_NEAR(*found.classification, *expected.classification, bound * *expected.classification);
    EXPECT_NEAR(*found.global_information, *expected.global_information, bound);
    EXPECT_NEAR(*found.local_information, *expected.local_information, bound);
}

class GpuTraining : public testing::Test {
  protected:
    ~GpuTraining() override { simt::set_order(simt::Order::forward); }
};

TEST_F(GpuTraining, FollowsTheCpu) {
    for (const char* backbone : {"resnet18", "mobilenet_v1", "efficientnet_b0"}) {
        SCOPED_TRACE(backbone);
        Training on_gpu({.backbone = backbone}), on_cpu({.backbone = backbone, .device = cpu_device});
        for (int64_t step = 0; step < 3; ++step) expect_close(on_gpu.run(step), on_cpu.run(step), 2e-4);
    }
}

TEST_F(GpuTraining, FollowsTheCpuWithSinkhornMixupClippingAndSgd) {
    const auto setup = [](Device device) {
        return Case{.device = device, .clip = 0.5, .divergence = Divergence::sinkhorn, .mixup = true};
    };
    Training on_gpu(setup(gpu)), on_cpu(setup(cpu_device));
    for (int64_t step = 0; step < 3; ++step) expect_close(on_gpu.run(step), on_cpu.run(step), 1e-3);
    const auto sgd = [](Device device) { return Case{.device = device, .optimizer = OptimizerKind::sgd}; };
    Training sgd_on_gpu(sgd(gpu)), sgd_on_cpu(sgd(cpu_device));
    for (int64_t step = 0; step < 3; ++step) expect_close(sgd_on_gpu.run(step), sgd_on_cpu.run(step), 2e-4);
}

// The learning rate, the step, the mixup share and the batch change from run to run of the recorded work.
TEST_F(GpuTraining, RecordedStepsHaveTheBytesOfEagerOnes) {
    for (const Precision precision : {Precision::f32, Precision::bf16})
        for (const Divergence divergence : {Divergence::kl, Divergence::sinkhorn}) {
            const auto setup = [&](bool capture) {
                return Case{.precision = precision,
                            .capture = capture,
                            .clip = 0.7,
                            .divergence = divergence,
                            .mixup = true};
            };
            Training recorded(setup(true)), eager(setup(false));
            const int64_t before = simt::launches();
            for (int64_t step = 0; step < 5; ++step) {
                const EpochTerms a = recorded.run(step), b = eager.run(step);
                EXPECT_EQ(a.total, b.total) << step;
            }
            EXPECT_GT(simt::launches(), before);
            expect_same_bytes(recorded, eager);
        }
}

TEST_F(GpuTraining, SameBytesInAnyOrderOfThreads) {
    Training forward({});
    for (int64_t step = 0; step < 2; ++step) forward.run(step);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        simt::set_order(order);
        Training other({});
        for (int64_t step = 0; step < 2; ++step) other.run(step);
        expect_same_bytes(other, forward);
    }
}

TEST_F(GpuTraining, InBf16StaysNearFloat32) {
    for (const char* backbone : {"resnet18", "mobilenet_v1", "efficientnet_b0"}) {
        SCOPED_TRACE(backbone);
        Training rounded({.backbone = backbone, .precision = Precision::bf16}), exact({.backbone = backbone});
        for (int64_t step = 0; step < 2; ++step) expect_close(rounded.run(step), exact.run(step), 5e-2);
    }
}

TEST_F(GpuTraining, SchedulesOfTheBranchesAgree) {
    Training separate({}), merged({.schedule = BranchSchedule::merged_stems}),
        parallel({.capture = true, .schedule = BranchSchedule::parallel});
    for (int64_t step = 0; step < 4; ++step) {
        const EpochTerms expected = separate.run(step);
        expect_close(merged.run(step), expected, 1e-4);
        EXPECT_EQ(parallel.run(step).total, expected.total);
    }
    expect_same_bytes(parallel, separate);
}

TEST_F(GpuTraining, UpdatesNothingWhenTheObjectiveIsNoNumber) {
    for (const bool capture : {false, true}) {
        Training training({.capture = capture});
        for (int64_t step = 0; step < 3; ++step) training.run(step);
        const auto before = training.state();
        Tensor broken = images(3);
        broken.data<float>()[17] = std::nanf("");
        EXPECT_TRUE(std::isnan(training.run(3, broken).total));
        EXPECT_TRUE(training.step().finite());
        const auto after = training.state();
        for (const auto& [name, tensor] : before)
            if (name.find("running_") == std::string::npos) {
                EXPECT_TRUE(same_bytes(after.at(name), tensor)) << name;
            }
    }
}

TEST_F(GpuTraining, RefusesLabelsOutOfRange) {
    Training training({});
    expect_error(
        [&] {
            training.step().enqueue(images(0), {.labels = Tensor::full({batch}, 2, DType::i64)}, 0, 1e-3);
        },
        {"training step", "0 and 1", "found 2"});
}

}  // namespace
}  // namespace unmask
