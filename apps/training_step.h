// SPDX-License-Identifier: Apache-2.0
// One step of training: forward, objective, backward, optimizer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "apps/run_record.h"
#include "apps/train_options.h"
#include "engine/optimizer.h"
#include "losses/objective.h"
#include "models/detector.h"

namespace unmask {

class TrainingStep {
  public:
    // Takes over the parameters of detector and objective (see FlatParameters); both must outlive this.
    TrainingStep(Detector& detector, Objective& objective, const TrainOptions& options);

    // The objective of the batch (images [n, size, size, 3] and targets on the detector's device). Sets
    // dropout to `step`.
    [[nodiscard]] EpochTerms forward(const Tensor& images, const Targets& targets, int64_t step);
    // Gradients of the objective of the last forward, clipping and an update; the gradient's norm when
    // clipping is on.
    std::optional<double> update(double learning_rate);

    [[nodiscard]] Optimizer& optimizer() { return *optimizer_; }
    [[nodiscard]] int64_t parameter_count() const { return parameters_.count(); }
    // Whether every parameter is a number.
    [[nodiscard]] bool finite() const;

  private:
    [[nodiscard]] double clip_gradients();

    Detector& detector_;
    Objective& objective_;
    uint64_t seed_;
    double clip_;
    FlatParameters parameters_;
    std::unique_ptr<Optimizer> optimizer_;
    Variable total_;
};

}  // namespace unmask
