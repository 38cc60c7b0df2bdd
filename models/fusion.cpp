// SPDX-License-Identifier: Apache-2.0
#include "models/fusion.h"

#include "layers/batch_norm.h"
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
        layers_.add(std::to_string(place + 1), std::make_unique<BatchNorm>(outputs, Activation::relu));
        dropouts_.push_back(
            &layers_.add("", std::make_unique<Dropout>(dropout, "fusion.dropout." + std::to_string(place))));
        place += 3;
        inputs = outputs;
    }
    layers_.add(std::to_string(place), std::make_unique<Linear>(inputs, features));
}

void Fusion::set_dropout(uint64_t seed, uint64_t step) {
    for (Dropout* dropout : dropouts_) dropout->set_draw(seed, step);
}

}  // namespace unmask
