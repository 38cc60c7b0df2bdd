// SPDX-License-Identifier: Apache-2.0
// 8-bit integers against rounding in float64.
#include "engine/ops/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/ops/pool.h"
#include "engine/philox.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Quantize, IsTheNearestLevel) {
    const Philox random(3, "quantize");
    Tensor x = Tensor::empty({3, 1001});
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data<float>()[i] = 12.0f * random.uniform(0, uint64_t(i)) - 6.0f;
    const float scale = 0.03125f;
    for (const DType dtype : {DType::u8, DType::i8}) {
        const double low = dtype == DType::u8 ? 0.0 : -128.0, high = largest_level(dtype);
        const Tensor y = quantize(x, scale, dtype);
        const std::vector<double> levels = y.to_doubles();
        const std::vector<float> back = dequantize(y, scale).to_floats();
        for (size_t i = 0; i < levels.size(); ++i) {
            const double wanted = std::clamp(std::nearbyint(double(x.data<float>()[i]) / scale), low, high);
            EXPECT_EQ(levels[i], wanted) << x.data<float>()[i];
            EXPECT_EQ(back[i], static_cast<float>(wanted * scale));
        }
    }
}

TEST(Quantize, RoundsToEvenAndSaturates) {
    const float infinity = std::numeric_limits<float>::infinity();
    const Tensor x = Tensor::from<float>({10}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 1e30f, -1e30f, infinity,
                                                -infinity, std::numeric_limits<float>::quiet_NaN()});
    EXPECT_EQ(quantize(x, 1.0f, DType::i8).to_floats(),
              (std::vector<float>{0, 2, 2, 0, -2, 127, -128, 127, -128, 0}));
    EXPECT_EQ(quantize(x, 1.0f, DType::u8).to_floats(),
              (std::vector<float>{0, 2, 2, 0, 0, 255, 0, 255, 0, 0}));
}

TEST(Quantize, TheMaximumOfLevelsIsTheLevelOfTheMaximum) {
    const Philox random(4, "quantize");
    Tensor x = Tensor::empty({2, 7, 9, 130});
    for (int64_t i = 0; i < x.numel(); ++i)
        x.data<float>()[i] = 300.0f * random.uniform(0, uint64_t(i)) - 150.0f;
    const Pool2dParams params{{3, 3}, {2, 2}, {1, 1}};
    for (const DType dtype : {DType::u8, DType::i8}) {
        const NoGrad nothing_recorded;
        const Tensor pooled = max_pool2d(quantize(x, 1.0f, dtype), params).value();
        EXPECT_EQ(pooled.dtype(), dtype);
        EXPECT_EQ(pooled.to_floats(), quantize(max_pool2d(x, params).value(), 1.0f, dtype).to_floats());
    }
}

TEST(Quantize, RefusesWhatDoesNotFit) {
    const Tensor x = Tensor::zeros({3});
    expect_error([&] { (void)quantize(x, 0.0f, DType::u8); }, {"quantize", "positive", "0"});
    expect_error([&] { (void)quantize(x, std::nanf(""), DType::u8); }, {"finite"});
    expect_error([&] { (void)quantize(x, 1.0f, DType::i32); }, {"u8 or i8", "i32"});
    expect_error([&] { (void)quantize(Tensor::zeros({3}, DType::f64), 1.0f, DType::u8); }, {"f32", "f64"});
    expect_error([&] { (void)dequantize(x, 1.0f); }, {"u8 or i8", "f32"});
}

}  // namespace
}  // namespace unmask
