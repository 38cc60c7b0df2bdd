// SPDX-License-Identifier: Apache-2.0
#include "models/fusion.h"

#include "layers/linear_norm_activation.h"

namespace unmask {
namespace {

constexpr int64_t hidden[] = {1000, 500};

}  // namespace

Fusion::Fusion(int64_t joint_features, int64_t features, double dropout)
    : layers_(add_module("", std::make_unique<Sequential>())) {
    int place = 0;
    int64_t inputs = joint_features;
    for (const int64_t outputs : hidden) {
        auto& block = layers_.add("", std::make_unique<LinearNormActivation>(LinearNormActivationOptions{
                                          .in_features = inputs,
                                          .out_features = outputs,
                                          .linear_name = std::to_string(place),
                                          .norm_name = std::to_string(place + 1)}));
        block.norm().set_dropout({dropout, "fusion.dropout." + std::to_string(place)});
        norms_.push_back(&block.norm());
        place += 3;
        inputs = outputs;
    }
    layers_.add(std::to_string(place), std::make_unique<Linear>(inputs, features));
}

}  // namespace unmask
