// SPDX-License-Identifier: Apache-2.0
// What a training run starts from: the pictures and the first values of the parameters.
#pragma once

#include <memory>

#include "apps/training/train_options.h"
#include "data/dataset.h"
#include "losses/objective.h"
#include "models/checkpoint.h"

namespace unmask {

struct TrainingData {
    Manifest manifest;
    std::unique_ptr<FaceDataset> train;
    std::unique_ptr<FaceDataset> validation;  // null without rows of split "val"
    Preprocessing preprocessing;              // how the pictures were cut
};

// What is doubtful about the data is logged. Error: a manifest that cannot be read, missing files, no rows to
// train on or a single one, or options that contradict how the pictures were prepared.
[[nodiscard]] TrainingData load_training_data(const TrainOptions& options);

// Fresh values from the seed, or the detector's from options.initial, or in every branch a torchvision
// classifier's (see models/pretrained.h); Error when that is another kind of network.
void initialize_parameters(Detector& detector, Objective& objective, const TrainOptions& options);

}  // namespace unmask
