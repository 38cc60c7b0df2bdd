// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/ops/reduce.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/initialization.h"
#include "layers/linear.h"
#include "layers/pooling.h"
#include "layers/sequential.h"
#include "layers/squeeze_excitation.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Tensor random_tensor(const Shape& shape, const std::string& name) {
    Tensor result = Tensor::empty(shape);
    fill_normal(result, 1.0, 11, name);
    return result;
}

TEST(Conv2dLayer, HasTheShapesOfItsGeometry) {
    const Tensor x = random_tensor({2, 9, 9, 4}, "x");
    Conv2d same({.in_channels = 4, .out_channels = 6});
    EXPECT_EQ(same(x).shape(), (Shape{2, 9, 9, 6}));
    Conv2d strided({.in_channels = 4, .out_channels = 6, .kernel = 5, .stride = 2});
    EXPECT_EQ(strided(x).shape(), (Shape{2, 5, 5, 6}));
    Conv2d unpadded({.in_channels = 4, .out_channels = 6, .kernel = 3, .padding = 0});
    EXPECT_EQ(unpadded(x).shape(), (Shape{2, 7, 7, 6}));
    Conv2d depthwise({.in_channels = 4, .out_channels = 4, .groups = 4, .bias = true});
    EXPECT_EQ(depthwise(x).shape(), (Shape{2, 9, 9, 4}));
    EXPECT_EQ(depthwise.weight().shape(), (Shape{4, 3, 3, 1}));
    expect_error([] { Conv2d({.in_channels = 4, .out_channels = 6, .groups = 4}); }, {"4 to 6 in 4 groups"});
    expect_error([] { Conv2d({.in_channels = 0, .out_channels = 6}); }, {"0 to 6"});
}

TEST(BatchNormLayer, NormalisesTheBatchInTrainingAndByRunningStatisticsAtInference) {
    BatchNorm norm(3);
    norm.initialize(0);
    const Tensor x = random_tensor({64, 3}, "x");
    const auto means = mean(norm(x), {0}).value().to_doubles();
    for (const double value : means) EXPECT_NEAR(value, 0.0, 1e-6);
    const auto running = norm.state().at("running_mean").to_doubles();
    const auto batch = mean(Variable(x), {0}).value().to_doubles();
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(running[c], 0.1 * batch[c], 1e-6);

    norm.set_training(false);
    const auto before = norm.state().at("running_mean").to_floats();
    const auto affine = norm.inference_affine();
    const auto y = norm(x).value().to_doubles(), given = x.to_doubles();
    for (size_t i = 0; i < y.size(); ++i)
        EXPECT_NEAR(y[i], affine.scale[i % 3] * given[i] + affine.shift[i % 3], 1e-5);
    EXPECT_EQ(norm.state().at("running_mean").to_floats(), before);
}

TEST(LinearLayer, IsAnAffineMap) {
    Linear layer(2, 1);
    layer.load_state({{"weight", Tensor::from({1, 2}, std::vector<float>{2, -3})},
                      {"bias", Tensor::from({1}, std::vector<float>{0.5f})}});
    EXPECT_EQ(layer(Tensor::from({2, 2}, std::vector<float>{1, 1, 4, 2})).value().to_floats(),
              (std::vector<float>{-0.5f, 2.5f}));
    Linear nothing(0, 2);
    nothing.initialize(5);
    EXPECT_EQ(nothing(Tensor::zeros({3, 0})).shape(), (Shape{3, 2}));
}

TEST(PoolingLayers, TakeMaximaAndMeans) {
    const Tensor x = Tensor::from({1, 2, 2, 1}, std::vector<float>{1, 2, 3, -6});
    EXPECT_EQ(MaxPool2d(2, 2, 0)(x).value().to_floats(), std::vector<float>{3});
    EXPECT_EQ(GlobalAveragePool()(x).value().to_floats(), std::vector<float>{0});
    EXPECT_EQ(MaxPool2d(3, 2, 1)(random_tensor({2, 9, 9, 4}, "x")).shape(), (Shape{2, 5, 5, 4}));
}

TEST(SqueezeExcitationLayer, WeighsChannelsByTheirMeans) {
    SqueezeExcitation layer(2, 1);
    layer.load_state({{"fc1.weight", Tensor::from({1, 1, 1, 2}, std::vector<float>{1, 2})},
                      {"fc1.bias", Tensor::from({1}, std::vector<float>{0.5f})},
                      {"fc2.weight", Tensor::from({2, 1, 1, 1}, std::vector<float>{1, -1})},
                      {"fc2.bias", Tensor::from({2}, std::vector<float>{0, 0.25f})}});
    const Tensor x = Tensor::from({1, 1, 2, 2}, std::vector<float>{1, 4, 3, -2});  // means 2 and 1
    const double hidden = 4.5 / (1.0 + std::exp(-4.5));
    const double scale[] = {1.0 / (1.0 + std::exp(-hidden)), 1.0 / (1.0 + std::exp(hidden - 0.25))};
    const auto y = layer(x).value().to_doubles(), given = x.to_doubles();
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(y[i], given[i] * scale[i % 2], 1e-6);
}

TEST(DropoutLayer, DrawsByStreamSeedAndStepAndRestsAtInference) {
    const Tensor x = Tensor::full({1000}, 1.0);
    Dropout first(0.25, "a"), second(0.25, "b");
    const auto drawn = [&x](Dropout& layer, uint64_t seed, uint64_t step) {
        layer.draw().set(seed, step);
        return layer(x).value().to_floats();
    };
    const auto values = drawn(first, 1, 0);
    EXPECT_EQ(values, drawn(first, 1, 0));
    EXPECT_NE(values, drawn(first, 1, 1));
    EXPECT_NE(values, drawn(first, 2, 0));
    EXPECT_NE(values, drawn(second, 1, 0));
    EXPECT_NEAR(static_cast<double>(std::count(values.begin(), values.end(), 0.0f)), 250.0, 60.0);
    first.set_training(false);
    EXPECT_EQ(first(x).value().to_floats(), x.to_floats());
    expect_error([] { Dropout(1.0, "a"); }, {"[0, 1)", "found 1"});
}

}  // namespace
}  // namespace unmask
