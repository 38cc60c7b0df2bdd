// SPDX-License-Identifier: Apache-2.0
// What watches a training run: event files for TensorBoard and the report at its end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/training/run_progress.h"
#include "apps/training/run_record.h"

namespace unmask {

struct StepRecord {
    int64_t step = 0;  // steps taken, this one included
    EpochTerms terms;
    double learning_rate = 0, images_per_second = 0;
};

class TrainingLog {
  public:
    TrainingLog() = default;
    virtual ~TrainingLog() = default;
    TrainingLog(const TrainingLog&) = delete;
    TrainingLog& operator=(const TrainingLog&) = delete;

    // After every step, before a checkpoint that holds it is written.
    virtual void on_step(const StepRecord&) {}
    // After an epoch's validation, before the checkpoint that ends it is written.
    virtual void on_epoch(const EpochRecord&) {}
    // When training has ended, by itself or at --stop-after, and all other files are written.
    virtual void on_end() {}
};

// TensorBoard's event files in the run's folder, the figures of the validation in its folder validation/, and
// report.html. `progress` is what the run goes on from: of later steps that were logged before, TensorBoard
// shows those of this session.
[[nodiscard]] std::vector<std::unique_ptr<TrainingLog>> training_logs(const std::filesystem::path& run,
                                                                      const RunProgress& progress);

// An epoch's loss, speed and validation in a line for people.
[[nodiscard]] std::string epoch_line(const EpochRecord& record, int epochs);

}  // namespace unmask
