// SPDX-License-Identifier: Apache-2.0
// The first layer by Winograd's algorithm against the direct form in float64, over shapes that cut tiles at
// every border.
#include "cpu/winograd_stem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/cpu/convolution_operands.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

struct Case {
    Shape x;
    int64_t outputs;
    std::array<int, 2> before, after;  // the padding: top and left, bottom and right
    bool epilogue;
};

// Of a ResNet; one, two and four channels; lines of more tiles than the registers hold; no whole tile but for
// the padding; padding on one side alone.
const Case cases[] = {
    {{2, 60, 60, 3}, 64, {3, 3}, {3, 3}, true},  {{1, 41, 90, 3}, 32, {3, 3}, {3, 3}, false},
    {{1, 29, 30, 1}, 32, {3, 3}, {3, 3}, true},  {{1, 35, 24, 2}, 64, {0, 0}, {0, 0}, false},
    {{3, 24, 160, 4}, 96, {3, 2}, {2, 3}, true}, {{1, 12, 12, 3}, 32, {3, 3}, {2, 2}, true},
    {{1, 6, 6, 3}, 32, {3, 3}, {2, 2}, false},   {{1, 24, 24, 3}, 32, {0, 5}, {5, 0}, true},
    {{1, 22, 23, 3}, 32, {4, 6}, {5, 2}, false}};

struct Operands : ConvolutionOperands {
    explicit Operands(const Case& c)
        : ConvolutionOperands(c.x, {c.outputs, 7, 7, c.x[3]}, 1.0 / std::sqrt(16.0 * double(c.x[3])),
                              {.stride = {2, 2}, .padding_before = c.before, .padding_after = c.after},
                              c.epilogue) {}
    [[nodiscard]] Tensor stem() const {
        Tensor result = Tensor::empty(y);
        EXPECT_TRUE(winograd::winograd_stem_forward(x, weight, bias, residual, result, params));
        return result;
    }
};

std::vector<float> values_of(const Tensor& tensor) {
    return {tensor.data<float>(), tensor.data<float>() + tensor.numel()};
}

std::string name(const testing::TestParamInfo<Case>& info) {
    return "case_" + std::to_string(info.index);
}

class WinogradStem : public testing::TestWithParam<Case> {};

// Values are about 1 in size.
TEST_P(WinogradStem, IsTheConvolution) {
    const Operands operands(GetParam());
    const Tensor exact = operands.forward(DType::f64);
    for (const bool frozen : {false, true}) {
        if (frozen) operands.weight.buffer()->freeze();
        const Tensor computed = operands.stem();
        double worst = 0;
        for (int64_t i = 0; i < exact.numel(); ++i)
            worst = std::max(worst, std::fabs(double(computed.data<float>()[i]) - exact.data<double>()[i]));
        EXPECT_LE(worst, 4e-6);
        EXPECT_EQ(values_of(computed), values_of(operands.stem())) << "again";
    }
}

TEST_P(WinogradStem, HasTheSameBytesForAnyNumberOfThreads) {
    const Operands operands(GetParam());
    const auto computed = [&](int count) {
        const ThreadScope threads(count);
        return values_of(operands.stem());
    };
    EXPECT_EQ(computed(1), computed(3));
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradStem, testing::ValuesIn(cases), name);

TEST(WinogradStem, IsTakenByConv2dAsTheModeSays) {
    const Operands operands(cases[0]);
    const std::vector<float> stem = values_of(operands.stem());
    const auto computed = [&](Winograd winograd) {
        const ComputeModeScope mode({.winograd = winograd});
        return values_of(operands.forward(DType::f32));
    };
    EXPECT_EQ(computed(Winograd::all), stem);
    EXPECT_NE(computed(Winograd::inference), stem) << "weights that may change";
    operands.weight.buffer()->freeze();
    EXPECT_EQ(computed(Winograd::inference), stem);
    EXPECT_NE(computed(Winograd::off), stem);
}

TEST(WinogradStem, GivesAnImageTheSameBytesInAnyBatch) {
    const Case c{{5, 60, 60, 3}, 64, {3, 3}, {3, 3}, false};
    const Operands many(c);
    const std::vector<float> all = values_of(many.stem());
    Case single = c;
    single.x = Shape{1, 60, 60, 3};
    Operands one(single);
    std::copy_n(many.x.data<float>() + 4 * one.x.numel(), one.x.numel(), one.x.data<float>());
    EXPECT_EQ(values_of(one.stem()), std::vector<float>(all.end() - one.y.numel(), all.end()));
}

// Scratch memory of before, where NaNs may lie, is not read.
TEST(WinogradStem, PassesNotANumberToItsOwnOutputsAlone) {
    Operands operands(cases[0]);
    operands.residual = Tensor();
    const std::vector<float> clean = values_of(operands.stem());
    float* pixel = operands.x.data<float>() + (31 * 60 + 30) * 3;
    const float before = *pixel;
    *pixel = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> tainted = values_of(operands.stem());
    EXPECT_TRUE(std::isnan(tainted[(15 * 30 + 15) * 64]));
    EXPECT_EQ(tainted.front(), clean.front());
    EXPECT_EQ(tainted.back(), clean.back());
    *pixel = before;
    EXPECT_EQ(values_of(operands.stem()), clean);
}

TEST(WinogradStem, OfNoImagesIsNothing) {
    const Conv2dParams params{.stride = {2, 2}, .padding_before = {3, 3}, .padding_after = {3, 3}};
    Tensor y = Tensor::empty({0, 30, 30, 32});
    const Tensor none;
    EXPECT_TRUE(winograd::winograd_stem_forward(Tensor::empty({0, 60, 60, 3}), Tensor::zeros({32, 7, 7, 3}),
                                                none, none, y, params));
}

TEST(WinogradStem, LeavesOtherConvolutionsAlone) {
    const Tensor none;
    const auto taken = [&](const Shape& x, const Shape& weight, const Conv2dParams& params) {
        Tensor y = Tensor::zeros(conv2d_shape(x, weight, params));
        return winograd::winograd_stem_forward(Tensor::zeros(x), Tensor::zeros(weight), none, none, y,
                                               params);
    };
    const Conv2dParams plain{.stride = {2, 2}, .padding_before = {3, 3}, .padding_after = {3, 3}};
    EXPECT_TRUE(taken({1, 60, 60, 3}, {32, 7, 7, 3}, plain));
    for (const int64_t channels : {5, 8, 9})
        EXPECT_FALSE(taken({1, 60, 60, channels}, {32, 7, 7, channels}, plain)) << channels << " channels";
    EXPECT_FALSE(taken({1, 60, 60, 3}, {36, 7, 7, 3}, plain)) << "outputs that fill no vectors";
    EXPECT_FALSE(taken({1, 60, 60, 3}, {32, 5, 5, 3}, plain));
    EXPECT_FALSE(taken({1, 8, 8, 3}, {32, 7, 7, 3}, plain)) << "tiles that are cut: 4 x 4 outputs";
    Conv2dParams params = plain;
    params.stride = {1, 1};
    EXPECT_FALSE(taken({1, 60, 60, 3}, {32, 7, 7, 3}, params));
    params = plain;
    params.dilation = {2, 2};
    EXPECT_FALSE(taken({1, 60, 60, 3}, {32, 7, 7, 3}, params));
    params = plain;
    params.activation = Activation::silu;
    EXPECT_FALSE(taken({1, 60, 60, 3}, {32, 7, 7, 3}, params));
}

}  // namespace
}  // namespace unmask
