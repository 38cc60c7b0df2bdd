// SPDX-License-Identifier: Apache-2.0
#include "models/fusion.h"

#include "layers/linear.h"

namespace unmask {
namespace {

constexpr int64_t hidden[] = {1000, 500};

}  // namespace

Fusion::Fusion(int64_t joint_features, int64_t features, double dropout)
    : layers_(add_module("", std::make_unique<Sequential>())) {
    int place = 0;
    int64_t inputs = joint_features;
    for (const int64_t outputs : hidden) {
        layers_.add(std::to_string(place), std::make_unique<Linear>(inputs, outputs));
        BatchNorm& norm =
            layers_.add(std::to_string(place + 1), std::make_unique<BatchNorm>(outputs, Activation::relu));
        norm.set_dropout({dropout, "fusion.dropout." + std::to_string(place)});
        norms_.push_back(&norm);
        place += 3;
        inputs = outputs;
    }
    layers_.add(std::to_string(place), std::make_unique<Linear>(inputs, features));
}

}  // namespace unmask
