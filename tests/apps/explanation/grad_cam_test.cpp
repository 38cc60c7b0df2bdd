// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/grad_cam.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "apps/explanation/heat_map_picture.h"
#include "layers/initialization.h"

namespace unmask {
namespace {

Detector& small_detector() {
    static Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 64});
    detector.initialize(5);
    // Not all the same: the network has to have an opinion.
    for (const Module::NamedTensor& buffer : detector.buffers())
        if (buffer.name.ends_with("running_mean")) {
            Tensor mean = buffer.tensor;
            fill_normal(mean, 0.1, 2, buffer.name);
        }
    detector.set_training(false);
    return detector;
}

Tensor images(int64_t count) {
    Tensor x = Tensor::empty({count, 64, 64, 3});
    fill_normal(x, 1.0, 1, "x");
    return x;
}

double log_odds(Detector& detector, const std::vector<Variable>& maps) {
    const std::vector<float> logits = detector.heads(maps).global.value().to_floats();
    return double(logits[1]) - double(logits[0]);
}

void subtract_mean(std::vector<double>& map) {
    double mean = 0;
    for (const double value : map) mean += value / double(map.size());
    for (double& value : map) value -= mean;
}

// Moving channel k of a map by e at all of its P places moves the log odds by about e · P · a_k.
TEST(GradCam, WeightsAreTheSlopesOfTheLogOdds) {
    Detector& detector = small_detector();
    const NoGrad nothing_recorded;
    const Tensor x = images(1);
    const std::vector<Variable> maps = detector.feature_maps(x);
    std::vector<double> whole;
    std::vector<std::vector<double>> expected;
    for (size_t branch = 0; branch < maps.size(); ++branch) {
        const std::vector<float> values = maps[branch].value().to_floats();
        const auto channels = size_t(maps[branch].dim(3));
        const size_t places = values.size() / channels;
        std::vector<double>& map = expected.emplace_back(places, 0.0);
        whole.resize(places);
        for (size_t k = 0; k < channels; ++k) {
            const auto moved = [&](double by) {
                std::vector<float> changed = values;
                for (size_t p = 0; p < places; ++p) changed[p * channels + k] += float(by);
                std::vector<Variable> all = maps;
                all[branch] = Variable(Tensor::from(maps[branch].shape(), changed));
                return log_odds(detector, all);
            };
            constexpr double step = 1e-2;
            const double weight = (moved(step) - moved(-step)) / (2 * step) / double(places);
            for (size_t p = 0; p < places; ++p) {
                map[p] += weight * double(values[p * channels + k]);
                whole[p] += weight * double(values[p * channels + k]);
            }
        }
    }
    const HeatMaps found = [&] {
        // Outside of NoGrad, as users call it.
        HeatMaps result;
        std::thread([&] { result = grad_cam(detector, x)[0]; }).join();
        return result;
    }();
    ASSERT_EQ(found.branches.size(), 2u);
    EXPECT_EQ(found.whole.height, 2);
    EXPECT_EQ(found.whole.width, 2);
    subtract_mean(whole);
    for (std::vector<double>& map : expected) subtract_mean(map);
    double largest = 0;
    for (const double value : whole) largest = std::max(largest, std::abs(value));
    ASSERT_GT(largest, 0);
    for (size_t p = 0; p < whole.size(); ++p) {
        EXPECT_NEAR(found.whole.values[p], std::max(whole[p], 0.0), 0.02 * largest);
        for (size_t branch = 0; branch < 2; ++branch)
            EXPECT_NEAR(found.branches[branch].values[p], std::max(expected[branch][p], 0.0), 0.02 * largest);
    }
}

TEST(GradCam, PicturesOfABatchDoNotSeeEachOtherAndTheDetectorStaysAsItWas) {
    Detector& detector = small_detector();
    const Tensor two = images(2);
    const std::vector<HeatMaps> both = grad_cam(detector, two);
    Tensor second = Tensor::empty({1, 64, 64, 3});
    std::copy_n(two.data<float>() + second.numel(), second.numel(), second.data<float>());
    const std::vector<HeatMaps> alone = grad_cam(detector, second);
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(both[1].whole.values[i], alone[0].whole.values[i], 1e-5);
    for (const Module::NamedVariable& parameter : detector.parameters()) {
        EXPECT_TRUE(parameter.variable.requires_grad()) << parameter.name;
        EXPECT_FALSE(parameter.variable.gradient().defined()) << parameter.name;
    }
    detector.set_training(true);
    static_cast<void>(grad_cam(detector, second));
    EXPECT_TRUE(detector.training());
}

TEST(HeatMap, IsEnlargedBetweenTheCentresOfItsPlaces) {
    const HeatMap map{1, 2, {0, 1}};
    const HeatMap large = enlarged(map, 8, 1);
    const std::vector<float> expected{0, 0, 0.125f, 0.375f, 0.625f, 0.875f, 1, 1};
    ASSERT_EQ(large.values.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(large.values[i], expected[i], 1e-6);
    EXPECT_EQ(enlarged({1, 1, {3}}, 2, 2).values, (std::vector<float>{3, 3, 3, 3}));
    // Rows and columns are not exchanged.
    const HeatMap corner = enlarged({2, 2, {0, 1, 0, 0}}, 4, 4);
    EXPECT_EQ(corner.values[3], 1);
    EXPECT_EQ(corner.values[12], 0);
}

TEST(HeatMap, ColoursTheFaceWhereThereIsSomething) {
    Image face(4, 2);
    for (uint8_t& value : face.pixels) value = 100;
    const HeatMap map{1, 2, {0, 2}};
    const Image picture = heat_map_picture(face, map, 2);
    EXPECT_EQ(picture.at(0, 0)[0], 100);
    EXPECT_GT(picture.at(3, 0)[0], 180);
    EXPECT_LT(picture.at(3, 0)[2], 110);
    EXPECT_EQ(heat_map_picture(face, map, 0), face);
}

TEST(HeatMap, BranchesShareAScaleAndTheWholeHasItsOwn) {
    HeatMaps maps;
    maps.whole = {1, 1, {5}};
    maps.branches = {{1, 1, {2}}, {1, 1, {3}}};
    const HeatScale scale = scale_of(maps);
    EXPECT_EQ(scale.whole, 5);
    EXPECT_EQ(scale.branches, 3);
}

}  // namespace
}  // namespace unmask
