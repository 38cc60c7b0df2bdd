// SPDX-License-Identifier: Apache-2.0
// The quantized convolution by Winograd's algorithm: against the same steps in float64, and how far it is
// from the exact one. Compiled for several instruction sets (tests/cpu/CMakeLists.txt).
#include "cpu/winograd_quantized_conv2d.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <set>
#include <string>

#include "tests/cpu/winograd_quantized_operands.h"
#include "tests/support/compare.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

// Tiles that are cut on either side or on none; fewer tiles than the registers hold rows and many more;
// padding on one side alone; every dtype of result and residual.
const WinogradCase cases[] = {{{2, 12, 12, 64}, 64, {1, 1}, {1, 1}, DType::u8, Activation::relu},
                              {{1, 7, 7, 192}, 64, {1, 1}, {1, 1}, DType::i8, Activation::relu},
                              {{1, 9, 14, 64}, 96, {1, 1}, {1, 1}, DType::f32, Activation::none},
                              {{1, 40, 38, 64}, 32, {1, 1}, {1, 1}, DType::f32, Activation::relu},
                              {{3, 8, 9, 128}, 32, {0, 0}, {0, 0}, DType::u8, Activation::none},
                              {{1, 11, 8, 64}, 32, {2, 0}, {0, 2}, DType::i8, Activation::none},
                              {{1, 5, 6, 512}, 32, {0, 2}, {2, 0}, DType::f32, Activation::relu}};

std::string name(const testing::TestParamInfo<WinogradCase>& info) {
    return "case_" + std::to_string(info.index);
}

// One tile's values of one channel.
using Square = std::array<std::array<double, 4>, 4>;
constexpr double input_rows[4][4] = {{-1, 0, 1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
constexpr double kernel_rows[4][3] = {{-1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
constexpr double output_rows[2][4] = {{1, 1, 1, 0}, {0, 1, -1, 1}};

// What the transformed input is taken for: a multiple of its step.
double kept(double value, int i, int j) {
    const int sums = (i == 1 ? 1 : 0) + (j == 1 ? 1 : 0);
    const double factor = sums == 2 ? 7993.0 : sums == 1 ? 9362.0 : 10923.0;
    const double level = std::floor(value * factor / 32768.0 + 0.5);
    return (sums == 2 ? std::clamp(level, 0.0, 255.0) : std::clamp(level, -128.0, 127.0)) * 32768.0 / factor;
}

// Transformed, rounded inputs of tile (row, column) of image n: [channel].
std::vector<Square> inputs_of(const WinogradOperands& of, int64_t n, int64_t row, int64_t column) {
    const int64_t channels = of.x.dim(3);
    std::vector<Square> result(static_cast<size_t>(channels));
    for (int64_t c = 0; c < channels; ++c) {
        Square d{};
        for (int p = 0; p < 4; ++p)
            for (int q = 0; q < 4; ++q) {
                const int64_t r = 2 * row + p - of.params.conv.padding_before[0];
                const int64_t s = 2 * column + q - of.params.conv.padding_before[1];
                if (r >= 0 && r < of.x.dim(1) && s >= 0 && s < of.x.dim(2))
                    d[p][q] = of.x.data<uint8_t>()[((n * of.x.dim(1) + r) * of.x.dim(2) + s) * channels + c];
            }
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) {
                double sum = 0;
                for (int p = 0; p < 4; ++p)
                    for (int q = 0; q < 4; ++q) sum += input_rows[i][p] * input_rows[j][q] * d[p][q];
                result[size_t(c)][i][j] = kept(sum, i, j);
            }
    }
    return result;
}

// Transformed weights of one output channel, rounded to 127 steps on either side of zero: [channel].
std::vector<Square> weights_of(const WinogradOperands& of, int64_t output) {
    const int64_t channels = of.x.dim(3);
    std::vector<Square> result(static_cast<size_t>(channels));
    Square largest{};
    for (int64_t c = 0; c < channels; ++c)
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) {
                double sum = 0;
                for (int p = 0; p < 3; ++p)
                    for (int q = 0; q < 3; ++q)
                        sum += kernel_rows[i][p] * kernel_rows[j][q] *
                               of.weight.values.data<int8_t>()[((output * 3 + p) * 3 + q) * channels + c];
                result[size_t(c)][i][j] = sum;
                largest[i][j] = std::max(largest[i][j], std::abs(sum));
            }
    for (Square& u : result)
        for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j)
                if (largest[i][j] > 0)
                    u[i][j] = std::nearbyint(u[i][j] * 127.0 / largest[i][j]) * largest[i][j] / 127.0;
    return result;
}

class WinogradQuantizedConv2d : public testing::TestWithParam<WinogradCase> {};

// A level may differ by one where a value lies in the middle of two up to float32's rounding; a weight too.
TEST_P(WinogradQuantizedConv2d, IsTheArithmeticItSays) {
    const WinogradOperands of(GetParam());
    const Tensor computed = of.winograd();
    const std::vector<double> residual =
        of.residual.defined() ? of.residual.to_doubles() : std::vector<double>(size_t(of.y.numel()));
    std::vector<std::vector<Square>> weights;
    for (int64_t o = 0; o < of.y[3]; ++o) weights.push_back(weights_of(of, o));
    int64_t different = 0, inside = 0;
    for (int64_t n = 0; n < of.y[0]; ++n)
        for (int64_t row = 0; 2 * row < of.y[1]; ++row)
            for (int64_t column = 0; 2 * column < of.y[2]; ++column) {
                const std::vector<Square> inputs = inputs_of(of, n, row, column);
                for (int64_t o = 0; o < of.y[3]; ++o) {
                    Square m{};
                    for (size_t c = 0; c < inputs.size(); ++c)
                        for (int i = 0; i < 4; ++i)
                            for (int j = 0; j < 4; ++j)
                                m[i][j] += inputs[c][i][j] * weights[size_t(o)][c][i][j];
                    for (int p = 0; p < 2 && 2 * row + p < of.y[1]; ++p)
                        for (int q = 0; q < 2 && 2 * column + q < of.y[2]; ++q) {
                            double sum = 0;
                            for (int i = 0; i < 4; ++i)
                                for (int j = 0; j < 4; ++j)
                                    sum += output_rows[p][i] * output_rows[q][j] * m[i][j];
                            const int64_t at =
                                ((n * of.y[1] + 2 * row + p) * of.y[2] + 2 * column + q) * of.y[3] + o;
                            double value = double(of.filters.multiplier.data<float>()[o]) *
                                           (sum + double(of.filters.bias.data<float>()[o]));
                            value = double(of.params.factor) * (value + residual[size_t(at)]);
                            const double found = of.activation == Activation::relu
                                                     ? computed.data<uint8_t>()[at]
                                                     : computed.data<int8_t>()[at];
                            inside += of.clamped(value) == value ? 1 : 0;
                            different += std::abs(found - of.clamped(value)) > 0.501 ? 1 : 0;
                            ASSERT_LE(std::abs(found - of.clamped(value)), 1.5) << at;
                        }
                }
            }
    EXPECT_GT(inside, of.y.numel() / 4);
    EXPECT_LE(different, of.y.numel() / 2000);
}

// In levels of the result; rounding the exact one is 0.29 of it.
TEST_P(WinogradQuantizedConv2d, IsNearTheExactConvolution) {
    const WinogradOperands of(GetParam());
    const std::vector<double> exact = of.exact(), found = of.winograd().to_doubles();
    double squares = 0, sum = 0, worst = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
        const double error = found[i] - of.clamped(exact[i]);
        squares += error * error, sum += error, worst = std::max(worst, std::abs(error));
    }
    const auto count = double(exact.size());
    EXPECT_LE(std::sqrt(squares / count), 1.0);
    EXPECT_LE(std::abs(sum) / count, 0.1);
    EXPECT_LE(worst, 8.0);
}

TEST_P(WinogradQuantizedConv2d, HasTheSameBytesForAnyNumberOfThreadsAndInAnyBatch) {
    const WinogradOperands of(GetParam());
    const Tensor several = of.winograd();
    {
        const ThreadScope one(1);
        EXPECT_TRUE(same_bytes(of.winograd(), several));
    }
    {
        const ThreadScope three(3);
        EXPECT_TRUE(same_bytes(of.winograd(), several));
    }
    WinogradCase alone = GetParam();
    if (alone.x[0] == 1) return;
    alone.x = {1, alone.x[1], alone.x[2], alone.x[3]};
    const WinogradOperands first(alone);  // whose values are those of the first image
    const Tensor result = first.winograd();
    EXPECT_EQ(std::memcmp(result.raw(), several.raw(), static_cast<size_t>(result.bytes())), 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradQuantizedConv2d, testing::ValuesIn(cases), name);

// Inputs of 0 and 255 side by side and weights of ±127: transformed inputs are clamped, sums are the largest,
// and so are most results.
TEST(WinogradQuantizedConv2d, TheLargestOperandsAreClampedAndNotMore) {
    WinogradOperands of({{1, 8, 8, 512}, 32, {1, 1}, {1, 1}, DType::f32, Activation::none});
    for (int64_t i = 0; i < of.x.numel(); ++i) of.x.data<uint8_t>()[i] = i % 5 < 3 ? 255 : 0;
    for (int64_t i = 0; i < of.weight.values.numel(); ++i)
        of.weight.values.data<int8_t>()[i] = (i / 512) % 2 == 0 ? 127 : -127;
    of.filters = quantized_filters(of.weight, of.bias, of.scales);
    const std::vector<double> exact = of.exact(), found = of.winograd().to_doubles();
    std::set<double> levels;
    for (size_t i = 0; i < exact.size(); ++i) {
        levels.insert(found[i]);
        if (std::abs(exact[i]) > 400.0) {
            ASSERT_EQ(found[i], of.clamped(exact[i])) << i;
        }
    }
    EXPECT_TRUE(levels.contains(-128.0) || levels.contains(127.0));
}

TEST(WinogradQuantizedConv2d, AnEmptyBatchIsNothing) {
    const WinogradOperands of({{0, 8, 8, 64}, 32, {1, 1}, {1, 1}, DType::f32, Activation::relu});
    EXPECT_EQ(of.winograd().numel(), 0);
}

// The residual is read where the result goes.
TEST(WinogradQuantizedConv2d, TheResultMayBeWrittenOverTheResidual) {
    const WinogradOperands of(cases[0]);
    Tensor both = of.residual.clone();
    const ComputeModeScope scope({.winograd = Winograd::inference});
    ASSERT_TRUE(winograd_quantized_forward(of.x, of.filters.weight, of.filters.multiplier, of.filters.bias,
                                           both, both, of.params));
    EXPECT_TRUE(same_bytes(both, of.winograd()));
}

// Also a channel whose weights are all zeros, which has no unit.
TEST(WinogradQuantizedConv2d, AChannelOfZerosIsItsBias) {
    WinogradOperands of(cases[0]);
    std::memset(of.weight.values.data<int8_t>(), 0, static_cast<size_t>(9 * of.x.dim(3)));
    of.filters = quantized_filters(of.weight, of.bias, of.scales);
    of.residual = {};
    const std::vector<double> exact = of.exact(), found = of.winograd().to_doubles();
    for (size_t i = 0; i < exact.size(); i += size_t(of.y[3]))
        ASSERT_LE(std::abs(found[i] - of.clamped(exact[i])), 0.501);
}

}  // namespace
}  // namespace unmask
