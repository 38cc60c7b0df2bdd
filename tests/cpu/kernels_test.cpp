// SPDX-License-Identifier: Apache-2.0
// What the op-case table cannot see: running statistics, hard statistics, masks, values that are not numbers,
// dtypes.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/ops/batch_norm.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/pool.h"
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

}  // namespace
}  // namespace unmask
