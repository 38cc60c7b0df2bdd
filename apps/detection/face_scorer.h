// SPDX-License-Identifier: Apache-2.0
// Face crops through the model in batches, whatever files they come from.
#pragma once

#include <cstdint>
#include <vector>

#include "apps/batch_scorer.h"
#include "data/image.h"
#include "data/normalisation.h"
#include "models/detector.h"

namespace unmask {

// The pictures, of the model's input size, as its input [n, size, size, 3] on the CPU.
[[nodiscard]] Tensor images_of(const std::vector<const Image*>& pictures, int size,
                               const Normalisation& normalisation);

class FaceScorer {
  public:
    // The detector is made ready for scoring alone (TrainedWeights::released), and must outlive this.
    FaceScorer(Detector& detector, const Compute& compute, const Normalisation& normalisation,
               double temperature);

    // The calibrated probability of fake of each crop. Error when the model's answer is not a number.
    [[nodiscard]] std::vector<double> score(const std::vector<const Image*>& crops);

    [[nodiscard]] int size() const { return size_; }

  private:
    int size_;
    BatchScorer scorer_;
    Normalisation normalisation_;
    double temperature_;
};

}  // namespace unmask
