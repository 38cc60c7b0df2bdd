// SPDX-License-Identifier: Apache-2.0
// What an epoch's model is worth: its scores on the validation pictures.
#pragma once

#include <functional>

#include "apps/evaluation/evaluator.h"
#include "apps/training/train_options.h"

namespace unmask {

struct Validation {
    EvaluationScores figures;
    std::vector<double> scores;  // of every picture
};

// Shows its progress; `after_batch` is called after each batch. The detector is in training mode again
// afterwards.
[[nodiscard]] Validation validate(Detector& detector, const FaceDataset& pictures,
                                  const TrainOptions& options, int workers,
                                  const std::function<void()>& after_batch);

}  // namespace unmask
