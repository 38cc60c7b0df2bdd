// SPDX-License-Identifier: Apache-2.0
// Whole training steps of small detectors, on batches that differ from step to step.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/training/training_step.h"
#include "engine/philox.h"
#include "tests/support/compare.h"

namespace unmask {

inline constexpr int64_t small_batch = 6;

struct SmallTrainingCase {
    std::string backbone = "resnet18";
    Device device = cpu_device;
    Precision precision = Precision::f32;
    bool capture = false;
    BranchSchedule schedule = BranchSchedule::separate;
    double clip = 0.0;
    Divergence divergence = Divergence::kl;
    OptimizerKind optimizer = OptimizerKind::adam;
    bool mixup = false;
    int recomputed_stages = no_stage;
    double average_decay = 0.0;
    int size = 32;
};

inline Tensor small_images(int64_t step, int size = 32) {
    const Philox random(11, "images");
    Tensor result = Tensor::empty({small_batch, size, size, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] =
            2.0f * random.uniform(static_cast<uint64_t>(step), static_cast<uint64_t>(i)) - 1.0f;
    return result;
}

inline Tensor small_labels(int64_t first) {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < small_batch; ++i) values.push_back((first + i) % 2);
    return Tensor::from<int64_t>({small_batch}, values);
}

// A detector of two small branches with its objective and its step.
class SmallTraining {
  public:
    explicit SmallTraining(const SmallTrainingCase& setup)
        : setup_(setup),
          detector_({.backbone = setup.backbone,
                     .branches = 2,
                     .width = 0.125,
                     .size = setup.size,
                     .dropout = 0.3}),
          objective_({.divergence = setup.divergence}) {
        detector_.initialize(5);
        objective_.initialize(5);
        detector_.to(setup.device);
        objective_.to(setup.device);
        TrainOptions options;
        options.compute = {.device = setup.device,
                           .precision = setup.precision,
                           .schedule = setup.schedule,
                           .recomputed_stages = setup.recomputed_stages};
        options.seed = 9;
        options.clip = setup.clip;
        options.average_decay = setup.average_decay;
        options.optimizer = setup.optimizer;
        options.model = detector_.options();
        step_ = std::make_unique<TrainingStep>(detector_, objective_, options, setup.capture);
    }
    EpochTerms run(int64_t step) { return run(step, small_images(step, setup_.size)); }
    EpochTerms run(int64_t step, const Tensor& pictures) {
        Targets targets{.labels = small_labels(step)};
        if (setup_.mixup) {
            targets.mixed_labels = small_labels(step + 1);
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
    Detector& detector() { return detector_; }

  private:
    SmallTrainingCase setup_;
    Detector detector_;
    Objective objective_;
    std::unique_ptr<TrainingStep> step_;
};

inline void expect_same_bytes(const SmallTraining& found, const SmallTraining& expected) {
    const auto a = found.state(), b = expected.state();
    for (const auto& [name, tensor] : b) EXPECT_TRUE(same_bytes(a.at(name), tensor)) << name;
}

// The next step, on a batch with one value that is no number, leaves all parameters as they were.
inline void expect_broken_batch_updates_nothing(SmallTraining& training, int64_t step) {
    const auto before = training.state();
    Tensor broken = small_images(step);
    broken.data<float>()[17] = std::nanf("");
    EXPECT_TRUE(std::isnan(training.run(step, broken).total));
    EXPECT_TRUE(training.step().finite());
    const auto after = training.state();
    for (const auto& [name, tensor] : before)
        if (name.find("running_") == std::string::npos) {
            EXPECT_TRUE(same_bytes(after.at(name), tensor)) << name;
        }
}

}  // namespace unmask
