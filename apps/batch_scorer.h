// SPDX-License-Identifier: Apache-2.0
// A detector's answers to batches of pictures, as a command computes: on its device, in its precision, by its
// branch schedule.
#pragma once

#include <vector>

#include "apps/compute.h"
#include "models/detector.h"
#include "models/inference/inference_step.h"

namespace unmask {

class BatchScorer {
  public:
    // The detector is in evaluation mode and prepared for scoring (models/scoring.h), and must outlive this.
    // On a GPU batches of a size that comes again are recorded as CUDA graphs.
    BatchScorer(Detector& detector, const Compute& compute);

    // The probability of fake of each of images [n, size, size, 3] on the CPU, normalised; NaN where the
    // model's answer is not a number.
    [[nodiscard]] std::vector<double> score(const Tensor& images);

  private:
    Compute compute_;
    ScheduleScope schedule_;
    InferenceStep step_;
};

}  // namespace unmask
