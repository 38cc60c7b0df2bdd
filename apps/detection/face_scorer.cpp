// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/face_scorer.h"

#include <cmath>

#include "apps/evaluation/calibration.h"
#include "apps/evaluation/evaluator.h"
#include "engine/error.h"
#include "models/scoring.h"

namespace unmask {
namespace {

Detector& ready_for_scoring(Detector& detector) {
    detector.set_training(false);
    prepare_scoring(detector, TrainedWeights::released);
    return detector;
}

}  // namespace

Tensor images_of(const std::vector<const Image*>& pictures, int size, const Normalisation& normalisation) {
    Tensor images = Tensor::empty({int64_t(pictures.size()), size, size, 3});
    for (size_t i = 0; i < pictures.size(); ++i) {
        UNMASK_ASSERT(pictures[i]->width == size && pictures[i]->height == size);
        normalise(*pictures[i], normalisation, images.data<float>() + i * pictures[i]->pixels.size());
    }
    return images;
}

FaceScorer::FaceScorer(Detector& detector, const Compute& compute, const Normalisation& normalisation,
                       double temperature)
    : size_(detector.options().size),
      scorer_(ready_for_scoring(detector), compute),
      normalisation_(normalisation),
      temperature_(temperature) {}

std::vector<double> FaceScorer::score(const std::vector<const Image*>& crops) {
    std::vector<double> scores =
        calibrated(scorer_.score(images_of(crops, size(), normalisation_)), temperature_);
    for (const double score : scores)
        if (!std::isfinite(score)) fail("the model's answer is not a number");
    return scores;
}

}  // namespace unmask
