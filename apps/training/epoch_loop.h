// SPDX-License-Identifier: Apache-2.0
// One pass over the training pictures: batches from the loader into steps.
#pragma once

#include <exception>
#include <functional>
#include <optional>

#include "apps/training/mixup.h"
#include "apps/training/run_progress.h"
#include "apps/training/train_options.h"
#include "apps/training/training_log.h"
#include "apps/training/training_step.h"
#include "data/device_input.h"
#include "data/loader.h"
#include "engine/error.h"

namespace unmask {

// A loss or a parameter that is not a finite number.
class TrainingDiverged : public Error {
  public:
    using Error::Error;
};

class EpochLoop {
  public:
    // Pictures are loaded on `workers` threads. Options and pictures must outlive this.
    EpochLoop(const TrainOptions& options, const FaceDataset& pictures, int workers);

    // Takes the steps of epoch progress.epoch + 1 from batch progress.batch to its end, counting in
    // `progress`, and calls `after_step` after each. TrainingDiverged: names the step, the terms
    // and the batch's files; nothing was updated. Error: a picture that cannot be read (progress
    // and parameters are those after the step before).
    void run(TrainingStep& step, RunProgress& progress,
             const std::function<void(const StepRecord&)>& after_step);

    // TrainingDiverged when a parameter is no finite number, as after each epoch.
    static void check_finite(const TrainingStep& step, const RunProgress& progress);

    // What the epoch that is through gives for the record.
    [[nodiscard]] EpochRecord record(const RunProgress& progress) const;

    [[nodiscard]] int64_t batches() const { return loader_.batches(); }  // in an epoch
    // The rate of the step with that number, from 0.
    [[nodiscard]] double learning_rate(int64_t step) const;

  private:
    // A batch that was asked for while the step before it was computed.
    struct Ahead {
        std::optional<Batch> batch;  // nothing at the epoch's end
        std::exception_ptr error;    // of loading it
        bool uploaded = false;
    };
    [[nodiscard]] std::optional<Batch> next_batch();
    void look_ahead(int64_t number);
    [[nodiscard]] EpochTerms take_step(TrainingStep& step, Batch& batch, int64_t number);
    void enqueue(TrainingStep& step, Batch& batch, int64_t number, double rate);
    void enqueue_together(TrainingStep& step, const Batch& part, int64_t number, double rate);
    [[nodiscard]] const Tensor& device_images(const Batch& batch, const MixupDraw& draw);
    [[noreturn]] void stop_at(int64_t step, const EpochTerms& terms, const Batch& batch) const;

    const TrainOptions& options_;
    const FaceDataset& pictures_;
    std::optional<DeviceInput> input_;  // on a GPU
    std::optional<Ahead> ahead_;
    bool uploaded_ = false;  // whether the batch of this step was uploaded ahead
    DataLoader loader_;
};

}  // namespace unmask
