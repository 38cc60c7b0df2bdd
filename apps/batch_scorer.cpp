// SPDX-License-Identifier: Apache-2.0
#include "apps/batch_scorer.h"

#include "models/scores.h"

namespace unmask {

BatchScorer::BatchScorer(Detector& detector, const Compute& compute)
    : compute_(compute),
      schedule_(detector, compute.schedule),
      step_(detector, compute.device, image_dtype(compute.precision),
            compute.device.type == DeviceType::cuda) {}

std::vector<double> BatchScorer::score(const Tensor& images) {
    return fake_probabilities(step_.enqueue(model_input(images, compute_)));
}

}  // namespace unmask
