// SPDX-License-Identifier: Apache-2.0
#include "models/backbone.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernel.h"
#include "layers/initialization.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Backbones, HaveTheFeaturesOfTheirPapers) {
    const std::map<std::string_view, int64_t> features{{"resnet18", 512},
                                                       {"resnet34", 512},
                                                       {"resnet50", 2048},
                                                       {"mobilenet_v1", 1024},
                                                       {"efficientnet_b0", 1280}};
    const std::map<std::string_view, int64_t> parameters{{"resnet18", 11176512},
                                                         {"resnet34", 21284672},
                                                         {"resnet50", 23508032},
                                                         {"mobilenet_v1", 3206976},
                                                         {"efficientnet_b0", 4007548}};
    EXPECT_EQ(backbones().size(), features.size());
    const ShapesOnly no_memory;
    for (const BackboneEntry& entry : backbones()) {
        const auto backbone = entry.make(1.0);
        EXPECT_EQ(backbone->features(), features.at(entry.name)) << entry.name;
        EXPECT_EQ(backbone->parameter_count(), parameters.at(entry.name)) << entry.name;
    }
}

TEST(Backbones, MapImagesOfAnySizeToFeatures) {
    const PortableScope quick_for_many_shapes;
    const NoGrad nothing_recorded;
    for (const BackboneEntry& entry : backbones()) {
        SCOPED_TRACE(entry.name);
        const auto backbone = entry.make(0.125);
        backbone->initialize(1);
        for (const int64_t size : {32, 65, 96}) {
            Tensor x = Tensor::empty({2, size, size, 3});
            fill_normal(x, 1.0, 1, "x");
            const Tensor map = backbone->feature_map(x).value();
            const int64_t side = (size + 31) / 32;
            EXPECT_EQ(map.shape(), (Shape{2, side, side, backbone->features()})) << size;
            const Tensor features = backbone->forward(x).value();
            EXPECT_EQ(features.shape(), (Shape{2, backbone->features()}));
            for (const float value : features.to_floats()) ASSERT_TRUE(std::isfinite(value));
        }
    }
}

TEST(Backbones, SlicesOfABatchGiveTheMapsOfTheWhole) {
    const PortableScope bytes_of_any_batch;
    const NoGrad nothing_recorded;
    for (const BackboneEntry& entry : backbones()) {
        SCOPED_TRACE(entry.name);
        const auto backbone = entry.make(0.125);
        backbone->initialize(1);
        backbone->set_training(false);
        Tensor x = Tensor::empty({5, 96, 96, 3});
        fill_normal(x, 1.0, 1, "x");
        EXPECT_EQ(backbone->feature_map_in_slices(x).value().to_floats(),
                  backbone->feature_map(x).value().to_floats());
    }
}

TEST(Backbones, WidthScalesEveryChannelCount) {
    const std::map<std::string_view, int64_t> half{{"resnet18", 256},
                                                   {"resnet34", 256},
                                                   {"resnet50", 1024},
                                                   {"mobilenet_v1", 512},
                                                   {"efficientnet_b0", 640}};
    const ShapesOnly no_memory;
    for (const BackboneEntry& entry : backbones()) {
        EXPECT_EQ(entry.make(0.5)->features(), half.at(entry.name)) << entry.name;
        for (const auto& [name, variable] : entry.make(0.01)->parameters())
            if (variable.shape().rank() == 4 && name.find("fc") == std::string::npos) {
                EXPECT_EQ(variable.dim(0) % 8, 0) << entry.name << " " << name;
            }
    }
}

TEST(Backbones, ChannelsRoundToEightsAndNeverFallByATenth) {
    EXPECT_EQ(scaled_channels(33, 1.0), 33);
    EXPECT_EQ(scaled_channels(64, 0.5), 32);
    EXPECT_EQ(scaled_channels(24, 0.5), 16);   // 12 lies in the middle
    EXPECT_EQ(scaled_channels(34, 0.35), 16);  // 11.9 is nearer to 8, which would be too few
    EXPECT_EQ(scaled_channels(16, 0.1), 8);
    EXPECT_EQ(scaled_channels(32, 1.4), 48);  // 44.8
    EXPECT_EQ(scaled_channels(64, 2.0), 128);
}

TEST(Backbones, AnUnknownNameListsTheKnownOnes) {
    expect_error([] { (void)make_backbone("vgg16", 1.0); },
                 {"resnet18, resnet34, resnet50, mobilenet_v1, efficientnet_b0", "'vgg16'"});
}

TEST(Backbones, TrainOnTheirParametersAndRunningStatistics) {
    for (const BackboneEntry& entry : backbones()) {
        SCOPED_TRACE(entry.name);
        const auto backbone = entry.make(0.125);
        backbone->initialize(1);
        Tensor x = Tensor::empty({4, 64, 64, 3});
        fill_normal(x, 1.0, 1, "x");
        Tensor seed = Tensor::empty({4, backbone->features()});
        fill_normal(seed, 1.0, 1, "seed");
        backbone->forward(x).backward(seed);
        for (const auto& [name, variable] : backbone->parameters()) {
            ASSERT_TRUE(variable.gradient().defined()) << name;
            double most = 0.0;
            for (const float value : variable.gradient().to_floats())
                most = std::max(most, std::abs(double(value)));
            EXPECT_GT(most, 0.0) << name;
        }
    }
}

}  // namespace
}  // namespace unmask
