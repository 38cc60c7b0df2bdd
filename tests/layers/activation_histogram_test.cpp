// SPDX-License-Identifier: Apache-2.0
#include "layers/activation_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/philox.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// Many values that are small, as of a normal distribution, and a few that are large.
Tensor long_tailed(int64_t count, float outlier) {
    const Philox random(2, "tail");
    Tensor x = Tensor::empty({count});
    for (int64_t i = 0; i < count; ++i) {
        float sum = 0;
        for (uint64_t k = 0; k < 12; ++k) sum += random.uniform(k, uint64_t(i));
        x.data<float>()[i] = sum - 6.0f;
    }
    x.data<float>()[0] = outlier;
    return x;
}

double squared_error(const Tensor& x, double scale, double levels) {
    double error = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        const double value = x.data<float>()[i];
        const double level = std::clamp(std::nearbyint(value / scale), -levels, levels);
        error += (value - scale * level) * (value - scale * level);
    }
    return error;
}

TEST(ActivationHistogram, TheMaximumIsTheLargestOfAllBatches) {
    ActivationHistogram histogram;
    for (const float outlier : {0.5f, -9.0f, 4.0f})
        histogram.add(Tensor::from<float>({3}, {0.0f, 0.25f, outlier}));
    EXPECT_FLOAT_EQ(histogram.scale(DType::i8, RangeRule::max), 9.0f / 127.0f);
    EXPECT_FLOAT_EQ(histogram.scale(DType::u8, RangeRule::max), 9.0f / 255.0f);
}

TEST(ActivationHistogram, ThePercentileLeavesOutWhatIsRare) {
    ActivationHistogram histogram;
    Tensor x = Tensor::empty({100'000});
    for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = float(i % 1000) / 1000.0f;
    x.data<float>()[17] = 50.0f;
    histogram.add(x);
    // In bins of 64 / 2048.
    EXPECT_NEAR(histogram.scale(DType::u8, RangeRule::percentile) * 255.0f, 1.0f, 0.04f);
    EXPECT_NEAR(histogram.scale(DType::u8, RangeRule::max) * 255.0f, 50.0f, 1e-4f);
}

TEST(ActivationHistogram, TheLeastSquaredErrorIsNearTheBestScale) {
    for (const float outlier : {30.0f, 6.0f, 1000.0f}) {
        const Tensor x = long_tailed(20'000, outlier);
        ActivationHistogram histogram;
        histogram.add(x);
        const double found = squared_error(x, histogram.scale(DType::i8, RangeRule::mse), 127);
        double best = squared_error(x, histogram.scale(DType::i8, RangeRule::max), 127);
        EXPECT_LE(found, best * 1.0001);
        for (double limit = 1.0; limit < double(outlier); limit *= 1.02)
            best = std::min(best, squared_error(x, limit / 127, 127));
        EXPECT_LE(found, 1.25 * best) << outlier;
    }
}

TEST(ActivationHistogram, TheOrderOfBatchesChangesNothing) {
    const Tensor a = long_tailed(5000, 3.0f), b = long_tailed(700, 200.0f);
    ActivationHistogram one, other;
    one.add(a);
    one.add(b);
    other.add(b);
    other.add(a);
    for (const RangeRule rule : {RangeRule::max, RangeRule::percentile, RangeRule::mse})
        EXPECT_EQ(one.scale(DType::u8, rule), other.scale(DType::u8, rule)) << name_of(rule);
}

TEST(ActivationHistogram, ValuesInBf16CountAsTheSameInFloat32) {
    const Tensor x = long_tailed(5000, 30.0f).to(DType::bf16);
    ActivationHistogram found, expected;
    found.add(x);
    expected.add(x.to(DType::f32));
    for (const RangeRule rule : {RangeRule::max, RangeRule::percentile, RangeRule::mse})
        for (const DType dtype : {DType::u8, DType::i8})
            EXPECT_EQ(found.scale(dtype, rule), expected.scale(dtype, rule)) << name_of(rule);
    EXPECT_FLOAT_EQ(found.scale(DType::i8, RangeRule::max), 30.0f / 127.0f);
}

TEST(ActivationHistogram, ZerosAndBadValues) {
    ActivationHistogram histogram;
    histogram.add(Tensor::zeros({5}));
    for (const RangeRule rule : {RangeRule::max, RangeRule::percentile, RangeRule::mse})
        EXPECT_EQ(histogram.scale(DType::u8, rule), 1.0f);
    histogram.add(Tensor::from<float>({1}, {std::numeric_limits<float>::denorm_min()}));
    EXPECT_GT(histogram.scale(DType::u8, RangeRule::max), 0.0f);
    expect_error([&] { histogram.add(Tensor::from<float>({1}, {INFINITY})); }, {"finite", "inf"});
    expect_error([] { (void)parse_range_rule("half"); }, {"max", "mse", "half"});
}

}  // namespace
}  // namespace unmask
