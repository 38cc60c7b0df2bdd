// SPDX-License-Identifier: Apache-2.0
// What the op-case table cannot see: running statistics, hard statistics, masks, values that are not numbers,
// dtypes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "engine/ops/batch_norm.h"
#include "engine/ops/compact_conv2d.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/information_objective.h"
#include "engine/ops/matmul.h"
#include "engine/ops/pool.h"
#include "engine/ops/quantized_conv2d.h"
#include "engine/ops/reduce.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

struct Moments {
    double mean, variance;  // unbiased
};

// Batch norm's running statistics after one step of momentum 1 are the batch's own.
Moments batch_moments(const std::vector<float>& values) {
    const auto rows = static_cast<int64_t>(values.size());
    Tensor mean = Tensor::zeros({1}), variance = Tensor::zeros({1});
    (void)batch_norm(Tensor::from<float>({rows, 1}, values), Tensor::full({1}, 1.0), Tensor::zeros({1}), mean,
                     variance, {.momentum = 1.0});
    return {mean.item(), variance.item()};
}

Moments plain_moments(const std::vector<float>& values) {
    double sum = 0, squares = 0;
    for (const float value : values) sum += value;
    const double mean = sum / static_cast<double>(values.size());
    for (const float value : values) squares += (value - mean) * (value - mean);
    return {mean, squares / static_cast<double>(values.size() - 1)};
}

void expect_moments(const std::vector<float>& values, double tolerance) {
    const Moments found = batch_moments(values), expected = plain_moments(values);
    EXPECT_NEAR(found.mean, expected.mean, std::fabs(expected.mean) * 3e-7 + 1e-7);
    EXPECT_NEAR(found.variance / expected.variance, 1.0, tolerance);
}

TEST(BatchNorm, StatisticsSurviveLargeMeansAndOutliers) {
    PhiloxSequence random(4, "statistics");
    for (const size_t rows : {2u, 63u, 64u, 65u, 1000u, 100003u}) {
        std::vector<float> values(rows);
        for (float& value : values) value = static_cast<float>(random.normal());
        expect_moments(values, 1e-6);
        for (float& value : values) value = static_cast<float>(value + 3e4);
        expect_moments(values, 1e-6);
        values[0] = -7e5f;  // also the first of its block
        expect_moments(values, 1e-6);
    }
}

TEST(BatchNorm, MovesTheRunningStatisticsByMomentum) {
    const Tensor x = Tensor::from<double>({4, 1}, std::vector<double>{1, 2, 3, 6});
    Tensor mean = Tensor::full({1}, 10.0, DType::f64), variance = Tensor::full({1}, 20.0, DType::f64);
    const Tensor weight = Tensor::full({1}, 1.0, DType::f64), bias = Tensor::zeros({1}, DType::f64);
    (void)batch_norm(x, weight, bias, mean, variance, {.momentum = 0.1});
    EXPECT_DOUBLE_EQ(mean.item(), 0.9 * 10 + 0.1 * 3);
    EXPECT_DOUBLE_EQ(variance.item(), 0.9 * 20 + 0.1 * 14.0 / 3.0);
    (void)batch_norm(x, weight, bias, mean, variance, {.training = false});
    EXPECT_DOUBLE_EQ(mean.item(), 0.9 * 10 + 0.1 * 3);
}

TEST(Dropout, DrawsTheElementsThatPhiloxNames) {
    const Philox philox(9, "mask");
    for (const int64_t count : {1, 3, 64, 65, 1000}) {
        const Tensor x = Tensor::full({count}, 2.0);
        const std::vector<float> y = dropout(x, {0.3, philox.key(), 77}).value().to_floats();
        for (size_t e = 0; e < y.size(); ++e)
            EXPECT_EQ(y[e], philox.uniform(77, e) >= 0.3 ? 2.0f * static_cast<float>(1 / 0.7) : 0.0f) << e;
    }
}

TEST(Dropout, KeepsTheShareAndTheMean) {
    constexpr int64_t count = 1 << 20;
    for (const double probability : {0.1, 0.5, 0.8}) {
        const Tensor x = Tensor::full({count}, 1.0);
        const Variable y = dropout(x, {probability, Philox(2, "share").key(), 0});
        int64_t zeros = 0;
        for (const float value : y.value().to_floats()) zeros += value == 0.0f ? 1 : 0;
        EXPECT_NEAR(static_cast<double>(zeros) / count, probability, 3e-3);
        EXPECT_NEAR(mean(y).value().item(), 1.0, 1e-2);
        const Variable other = dropout(x, {probability, Philox(2, "share").key(), 1});
        EXPECT_NE(other.value().to_floats(), y.value().to_floats());
    }
}

TEST(NotANumber, IsPassedOnByMaxima) {
    const float none = std::numeric_limits<float>::quiet_NaN();
    const Tensor x = Tensor::from<float>({1, 2, 2, 1}, std::vector<float>{1, none, 3, 2});
    EXPECT_TRUE(std::isnan(max_pool2d(x, {}).value().item()));
    EXPECT_TRUE(std::isnan(max(x).value().item()));
    const Tensor rows = Tensor::from<float>({3, 1, 1}, std::vector<float>{5, none, 7});
    EXPECT_TRUE(std::isnan(max(rows, {0}).value().item()));
    const NoGrad no_places;  // without them channels that fill vectors are taken in vectors
    for (const int64_t channels : {16, 83, 256}) {
        Tensor maps = Tensor::full({1, 2, 2, channels}, 1.0);
        for (int64_t c = 0; c < channels; ++c) maps.data<float>()[c % 4 * channels + c] = none;
        for (const float largest : max_pool2d(maps, {}).value().to_floats())
            EXPECT_TRUE(std::isnan(largest)) << channels;
    }
}

TEST(Sums, StayPreciseOverManyElements) {
    const Tensor x = Tensor::full({1 << 24}, 0.1);
    EXPECT_NEAR(sum(x).value().item() / (0.1f * double(1 << 24)), 1.0, 1e-6);
    const Tensor columns = Tensor::full({1 << 20, 3}, 0.1);
    for (const double value : sum(columns, {0}).value().to_doubles())
        EXPECT_NEAR(value / (0.1f * double(1 << 20)), 1.0, 1e-6);
}

TEST(Kernels, NameTheDtypeTheyDoNotTake) {
    const Tensor x = Tensor::zeros({2}, DType::bf16);
    expect_error([&] { (void)add(x, x); }, {"binary_forward has no kernel for bf16 on cpu"});
}

// A diverged model must not look finite.
TEST(NotANumber, IsPassedOnByFusedConvolutions) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const bool portable : {false, true}) {
        std::optional<PortableScope> scope;
        if (portable) scope.emplace();
        for (const Activation activation : {Activation::none, Activation::relu, Activation::silu}) {
            if (activation == Activation::relu && !portable) continue;  // oneDNN's fused one is an exception
            for (const int kernel : {1, 3, 5}) {
                Tensor x = Tensor::full({1, 8, 8, 16}, 0.5);
                x.data<float>()[3] = nan;
                const Tensor y =
                    conv2d_fused(x, Tensor::full({16, kernel, kernel, 16}, 0.01), Tensor::full({16}, -0.5),
                                 {}, {.padding = {kernel / 2, kernel / 2}}, activation);
                EXPECT_TRUE(std::isnan(y.to_floats()[0]))
                    << name_of(activation) << ", kernel " << kernel << ", portable " << portable;
            }
        }
    }
}

// On a GPU so; the op on the CPU refuses them before.
TEST(InformationObjective, ALabelOrShareOutOfRangeMakesTheTotalNaN) {
    const std::vector<Tensor> logits{Tensor::zeros({2, 2}), Tensor::zeros({2, 2})};
    const auto total = [&](const ObjectiveTargets& targets) {
        Tensor terms = Tensor::zeros({4}), gradients;
        InformationObjectiveParams params;
        params.local_information = false;
        information_objective_forward(logits[0], logits, targets, Tensor(), params, terms, gradients);
        return terms.to_floats()[0];
    };
    const auto labels = [](int64_t second) {
        return Tensor::from<int64_t>({2}, std::vector<int64_t>{0, second});
    };
    EXPECT_TRUE(std::isfinite(total({.labels = labels(1)})));
    EXPECT_TRUE(std::isnan(total({.labels = labels(2)})));
    EXPECT_TRUE(std::isnan(total({.labels = labels(-1)})));
    const auto mixed = [&](int64_t second, double share) {
        return ObjectiveTargets{labels(1), labels(second), Tensor::full({1}, share)};
    };
    EXPECT_TRUE(std::isfinite(total(mixed(0, 0.25))));
    EXPECT_TRUE(std::isnan(total(mixed(7, 0.25))));
    EXPECT_TRUE(std::isnan(total(mixed(0, 1.5))));
    EXPECT_TRUE(std::isnan(total(mixed(0, -0.5))));
}

TEST(Kernels, GradientsOfAnEmptyBatchAreZeros) {
    for (const bool portable : {false, true}) {
        std::optional<PortableScope> scope;
        if (portable) scope.emplace();
        Tensor grad_weight = Tensor::full({32, 3, 3, 32}, 7.0);
        conv2d_backward_weight(Tensor::zeros({0, 8, 8, 32}), Tensor::zeros({0, 8, 8, 32}), grad_weight,
                               Conv2dParams{.padding_before = {1, 1}, .padding_after = {1, 1}});
        EXPECT_EQ(grad_weight.to_floats(), std::vector<float>(32 * 9 * 32, 0.0f));
    }
    const Tensor ones = Tensor::full({3}, 1.0), empty = Tensor::zeros({0, 3});
    std::vector<BatchNormBranch> branches{{.x = empty, .y = empty}};
    branches[0].groups.push_back({ones, ones, ones, ones, ones, ones});
    std::vector<BatchNormGradients> gradients{{.grad_y = empty, .x = empty}};
    gradients[0].groups.push_back({Tensor::full({3}, 7.0), Tensor::full({3}, 7.0)});
    batch_norm_backward(empty, branches, gradients, BatchNormParams{.training = false});
    EXPECT_EQ(gradients[0].groups[0].weight.to_floats(), std::vector<float>(3, 0.0f));
    EXPECT_EQ(gradients[0].groups[0].bias.to_floats(), std::vector<float>(3, 0.0f));
}

// Another thread may choose its kernel at the same time.
TEST(Kernels, LeaveTheChoiceOfOneDnnAlone) {
    struct Watch : KernelObserver {
        void called(const KernelCall&) override { always_on = always_on && onednn_enabled(); }
        bool always_on = true;
    } watch;
    if (!onednn_enabled()) GTEST_SKIP() << "this build has no oneDNN";
    const Variable x(Tensor::full({1, 5, 5, 2}, 1.0), true);
    sum(adaptive_average_pool2d(x, 2, 2)).backward();
    EXPECT_EQ(matmul(Tensor::zeros({2, 0}), Tensor::zeros({0, 3})).value().to_floats(),
              std::vector<float>(6, 0.0f));
    EXPECT_TRUE(watch.always_on);
}

TEST(MaxPool, TakesAnyKernelWhereNoGradientIsRecorded) {
    const NoGrad nothing_recorded;
    EXPECT_EQ(max_pool2d(Tensor::full({1, 20, 20, 1}, 2.0), {.kernel = {20, 20}}).value().to_floats(),
              (std::vector<float>{2}));
}

TEST(Ops, NameTheOperandOfAnotherDtype) {
    const Tensor x = Tensor::zeros({1, 4, 4, 2}), weight = Tensor::zeros({2, 1, 1, 2}),
                 y = Tensor::zeros({1, 4, 4, 2}, DType::f64);
    expect_error([&] { (void)conv2d_fused(x, weight, {}, y, {}, Activation::none); },
                 {"conv2d", "f32", "f64"});
    const CompactWeight compact = compact_weight(weight, WeightFormat::int8);
    expect_error([&] { (void)compact_conv2d(x, compact, {}, y, {}, Activation::none); },
                 {"compact conv2d", "f64"});
    expect_error(
        [&] {
            (void)quantized_filters(compact, Tensor::zeros({2}, DType::f64), {1.0f, 0.0f, 1.0f});
        },
        {"quantized conv2d", "bias in f32", "f64"});
    expect_error([&] { (void)dropout(Variable(), {.probability = 0.5}); }, {"dropout", "undefined"});
    expect_error(
        [&] {
            (void)batch_norm(x, Tensor::zeros({2}), Tensor::zeros({2}), Tensor::zeros({2}),
                             Tensor::zeros({2}), {.eps = 0.0});
        },
        {"batch_norm", "positive eps", "found 0"});
    expect_error(
        [&] {
            (void)batch_norm(x, Tensor::zeros({2}), Tensor::zeros({2}), Tensor::zeros({2}),
                             Tensor::zeros({2}), {.momentum = 2.0});
        },
        {"batch_norm", "momentum in [0, 1]", "found 2"});
}

}  // namespace
}  // namespace unmask
