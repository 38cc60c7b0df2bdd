// SPDX-License-Identifier: Apache-2.0
// What a training run starts from: the pictures and the first values of the parameters.
#pragma once

#include <memory>
#include <string>

#include "apps/training/train_options.h"
#include "data/dataset.h"
#include "losses/objective.h"
#include "models/checkpoint.h"

namespace unmask {

struct TrainingData {
    Manifest manifest;  // the rows that are read: of a forging run the real ones
    std::unique_ptr<FaceDataset> train;
    std::unique_ptr<FaceDataset> validation;  // null without rows of split "val"
    Preprocessing preprocessing;              // how the pictures were cut
};

// What is doubtful about the data is logged. Error: a manifest that cannot be read, missing files, no rows to
// train on or a single one, or options that contradict how the pictures were prepared.
[[nodiscard]] TrainingData load_training_data(const TrainOptions& options);

// data/data_hash.h of those rows, with its progress shown.
[[nodiscard]] std::string hash_training_data(const Manifest& manifest, const TrainOptions& options);

// Fresh values from the seed, or those that options.initial gives (see models/exchange/import.h); Error when
// that is another kind of network.
void initialize_parameters(Detector& detector, Objective& objective, const TrainOptions& options);

}  // namespace unmask
