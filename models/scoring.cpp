// SPDX-License-Identifier: Apache-2.0
#include "models/scoring.h"

#include "layers/linear_norm_activation.h"
#include "models/backbone.h"
#include "models/quantization.h"

namespace unmask {

void prepare_scoring(Detector& detector, TrainedWeights trained) {
    if (trained == TrainedWeights::kept && !has_activation_scales(detector))
        return detector.prepare_inference();
    detector.set_training(false);
    detector.visit([](Module& module, const std::string&) {
        if (dynamic_cast<Backbone*>(&module) != nullptr && !module.kept_for_inference())
            module.keep_inference_only();
        if (dynamic_cast<LinearNormActivation*>(&module) != nullptr) module.prepare_inference();
    });
}

}  // namespace unmask
