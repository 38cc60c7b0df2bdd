// SPDX-License-Identifier: Apache-2.0
// What a run's model files hold, put together and taken apart again.
#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/training/train_options.h"
#include "apps/training/training_step.h"
#include "data/dataset.h"
#include "losses/objective.h"
#include "models/checkpoint.h"

namespace unmask {

// What training changes; all of it belongs to the trainer.
struct TrainedParts {
    Detector& detector;
    Objective& objective;
    TrainingStep& step;
};

// last.safetensors: the model, the loss weights, the optimizer's memory and the moving average of the
// weights. Atomically.
void save_checkpoint(const std::filesystem::path& path, const TrainedParts& parts,
                     const CheckpointInfo& info);
// best.safetensors: the model and the loss weights, averaged where there is an average. Atomically.
// With the maps of the real ones of `pictures`, for heat maps, unless it is null.
void save_best(const std::filesystem::path& path, const TrainedParts& parts, const CheckpointInfo& info,
               const FaceDataset* pictures, const TrainOptions& options);
// Copies a checkpoint back, whose optimizer has taken `optimizer_steps`; with 0 it begins anew, for other
// layers than the checkpoint's. Error names the file when it does not hold these parts.
void restore_checkpoint(const LoadedDetector& loaded, const std::filesystem::path& path,
                        const TrainedParts& parts, int64_t optimizer_steps);

// Whether it is a model file that was written after that epoch.
[[nodiscard]] bool is_of_epoch(const std::filesystem::path& path, int64_t epoch);

}  // namespace unmask
