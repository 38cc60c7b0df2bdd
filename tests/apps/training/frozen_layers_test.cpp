// SPDX-License-Identifier: Apache-2.0
#include "apps/training/frozen_layers.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Detector make_detector(const std::string& backbone = "resnet18") {
    return Detector({.backbone = backbone, .branches = 2, .width = 0.125, .size = 32});
}

// The names of what a freeze leaves without a gradient.
std::vector<std::string> frozen_names(const Detector& detector) {
    std::vector<std::string> names;
    for (const auto& [name, variable] : detector.parameters())
        if (!variable.requires_grad()) names.push_back(name);
    return names;
}

TEST(FrozenLayers, AreThoseWhoseNamesBeginSo) {
    Detector detector = make_detector();
    FrozenLayers frozen(detector, "stem, layer1.0.conv1,branches.1.layer1.1.bn2");
    EXPECT_TRUE(frozen.any());
    frozen.freeze();
    EXPECT_EQ(frozen_names(detector),
              (std::vector<std::string>{"branches.0.conv1.weight", "branches.0.bn1.weight",
                                        "branches.0.bn1.bias", "branches.0.layer1.0.conv1.weight",
                                        "branches.1.conv1.weight", "branches.1.bn1.weight",
                                        "branches.1.bn1.bias", "branches.1.layer1.0.conv1.weight",
                                        "branches.1.layer1.1.bn2.weight", "branches.1.layer1.1.bn2.bias"}));
    EXPECT_EQ(frozen.parameter_count(), 2 * (8 * 49 * 3 + 16 + 8 * 8 * 9) + 16);
    frozen.thaw();
    EXPECT_TRUE(frozen_names(detector).empty());
    EXPECT_FALSE(frozen.any());
}

TEST(FrozenLayers, TheBackboneIsAllBranchesAndNothingElse) {
    for (const char* backbone : {"resnet18", "mobilenet_v1", "efficientnet_b0"}) {
        Detector detector = make_detector(backbone);
        FrozenLayers frozen(detector, "backbone");
        frozen.freeze();
        for (const auto& [name, variable] : detector.parameters())
            EXPECT_EQ(variable.requires_grad(), !name.starts_with("branches.")) << name;
        Detector other = make_detector(backbone);
        FrozenLayers stem(other, "stem");
        stem.freeze();
        EXPECT_EQ(frozen_names(other).size(), 2 * 3u) << backbone;  // weight, scale, shift
    }
}

TEST(FrozenLayers, WhatFitsNothingOrEverythingIsRefused) {
    Detector detector = make_detector();
    expect_error([&] { FrozenLayers(detector, "layer1,layer9"); }, {"layer9", "layer4", "stem", "fusion"});
    expect_error([&] { FrozenLayers(detector, "layer"); }, {"\"layer\""});
    expect_error(
        [&] { FrozenLayers(detector, "backbone,fusion,global_head,joint_head,leave_one_out_heads"); },
        {"left to train"});
    EXPECT_FALSE(FrozenLayers(detector, "").any());
}

}  // namespace
}  // namespace unmask
