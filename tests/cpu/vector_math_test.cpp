// SPDX-License-Identifier: Apache-2.0
#include "cpu/vector_math.h"

#include <gtest/gtest.h>

#include <limits>

namespace unmask {
namespace {

TEST(Exponential, IsWithinAboutOneUnitInTheLastPlace) {
    double worst = 0;
    for (double x = -87.0; x < 88.7; x += 0.000713) {
        const float argument = static_cast<float>(x);
        const double exact = std::exp(static_cast<double>(argument));
        const float rounded = static_cast<float>(exact);
        const double unit = std::nextafter(rounded, std::numeric_limits<float>::infinity()) - rounded;
        worst = std::max(worst, std::fabs(static_cast<double>(exponential(argument)) - exact) / unit);
    }
    EXPECT_LT(worst, 1.1);
}

TEST(Exponential, HandlesTheEnds) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(exponential(0.0f), 1.0f);
    EXPECT_EQ(exponential(infinity), infinity);
    EXPECT_EQ(exponential(89.5f), infinity);
    EXPECT_EQ(exponential(-infinity), 0.0f);
    EXPECT_EQ(exponential(-110.0f), 0.0f);
    EXPECT_TRUE(std::isnan(exponential(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_NEAR(exponential(88.7f) / std::exp(88.7f), 1.0f, 2e-7f);
    EXPECT_NEAR(exponential(-95.0f), std::exp(-95.0f), 2e-45f);  // subnormal
}

TEST(Activations, SaturateWithoutNotANumber) {
    EXPECT_EQ(sigmoid_of(-200.0f), 0.0f);
    EXPECT_EQ(sigmoid_of(200.0f), 1.0f);
    EXPECT_EQ(silu_of(200.0f), 200.0f);
    EXPECT_EQ(silu_of(-200.0f), 0.0f);
    EXPECT_EQ(silu_derivative(200.0f), 1.0f);
    EXPECT_EQ(silu_derivative(-200.0f), 0.0f);
}

TEST(Activations, PassNotANumberOn) {
    EXPECT_TRUE(std::isnan(relu_of(std::nanf(""))));
}

}  // namespace
}  // namespace unmask
