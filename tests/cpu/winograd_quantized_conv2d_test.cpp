// SPDX-License-Identifier: Apache-2.0
// The quantized convolution by Winograd's algorithm: against the same steps in float64, and how far it is
// from the exact one.
#include "cpu/winograd_quantized_conv2d.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

#include "tests/cpu/quantized_operands.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/integer_cases.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

struct Case {
    Shape x;
    int64_t outputs;
    std::array<int, 2> before, after;  // the padding: top and left, bottom and right
    DType residual;                    // f32: none
    Activation activation;
};

// Tiles that are cut on either side or on none; fewer tiles than the registers hold rows and many more;
// padding on one side alone; every dtype of result and residual.
const Case cases[] = {{{2, 12, 12, 64}, 64, {1, 1}, {1, 1}, DType::u8, Activation::relu},
                      {{1, 7, 7, 192}, 64, {1, 1}, {1, 1}, DType::i8, Activation::relu},
                      {{1, 9, 14, 64}, 96, {1, 1}, {1, 1}, DType::f32, Activation::none},
                      {{1, 40, 38, 64}, 32, {1, 1}, {1, 1}, DType::f32, Activation::relu},
                      {{3, 8, 9, 128}, 32, {0, 0}, {0, 0}, DType::u8, Activation::none},
                      {{1, 11, 8, 64}, 32, {2, 0}, {0, 2}, DType::i8, Activation::none},
                      {{1, 5, 6, 512}, 32, {0, 2}, {2, 0}, DType::f32, Activation::relu}};

std::string name(const testing::TestParamInfo<Case>& info) {
    return "case_" + std::to_string(info.index);
}

// Levels as a ReLU leaves them: half are zeros, one in 30,000 is clamped. Weights with a rare large one.
float normal(const Philox& random, int64_t i) {
    const float u = std::max(random.uniform(0, static_cast<uint64_t>(2 * i)), 1e-7f);
    return std::sqrt(-2.0f * std::log(u)) *
           std::cos(6.2831853f * random.uniform(0, static_cast<uint64_t>(2 * i + 1)));
}
template <class T>
Tensor normal_levels(const Shape& shape, uint64_t seed, float deviation, float low, float high) {
    const Philox random(seed, "normal levels");
    Tensor result = Tensor::empty(shape, dtype_of<T>);
    for (int64_t i = 0; i < shape.numel(); ++i)
        result.data<T>()[i] =
            static_cast<T>(std::clamp(std::round(deviation * normal(random, i)), low, high));
    return result;
}

struct Operands {
    Tensor x, bias, residual;
    CompactWeight weight;
    ConvolutionScales scales;
    QuantizedFilters filters;
    QuantizedConv2dParams params;
    Shape y;
    Activation activation;

    explicit Operands(const Case& c)
        : x(normal_levels<uint8_t>(c.x, 1, 64.0f, 0.0f, 255.0f)),
          bias(drawn({c.outputs}, 2, -1.0f, 1.0f)),
          weight{normal_levels<int8_t>({c.outputs, 3, 3, c.x[3]}, 3, 32.0f, -127.0f, 127.0f),
                 drawn({c.outputs}, 4, 0.005f, 0.01f)},
          scales{0.02f, c.residual == DType::f32 ? 0.0f : 0.04f,
                 0.0004f * 32.0f * std::sqrt(9.0f * static_cast<float>(c.x[3]))},
          filters(quantized_filters(weight, bias, scales)),
          params{{.padding_before = c.before, .padding_after = c.after, .activation = c.activation},
                 filters.factor},
          y(conv2d_shape(c.x, weight.values.shape(), params.conv)),
          activation(c.activation) {
        if (c.residual == DType::u8) residual = normal_levels<uint8_t>(y, 5, 50.0f, 0.0f, 255.0f);
        if (c.residual == DType::i8) residual = normal_levels<int8_t>(y, 5, 40.0f, -127.0f, 127.0f);
    }

    [[nodiscard]] Tensor winograd() const {
        const ComputeModeScope scope({.winograd = Winograd::inference});
        Tensor result = Tensor::empty(y, quantized_dtype(activation));
        EXPECT_TRUE(winograd_quantized_forward(x, filters.weight, filters.multiplier, filters.bias, residual,
                                               result, params));
        return result;
    }
    // In units of the result, before it is rounded and clamped.
    [[nodiscard]] std::vector<double> exact() const {
        return exact_levels(x, weight, bias, residual, scales, y, params.conv, activation);
    }
    [[nodiscard]] double clamped(double level) const {
        return activation == Activation::relu ? std::clamp(level, 0.0, 255.0)
                                              : std::clamp(level, -128.0, 127.0);
    }
};

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
std::vector<Square> inputs_of(const Operands& of, int64_t n, int64_t row, int64_t column) {
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
std::vector<Square> weights_of(const Operands& of, int64_t output) {
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

class WinogradQuantizedConv2d : public testing::TestWithParam<Case> {};

// A level may differ by one where a value lies in the middle of two up to float32's rounding; a weight too.
TEST_P(WinogradQuantizedConv2d, IsTheArithmeticItSays) {
    const Operands of(GetParam());
    const Tensor computed = of.winograd();
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
                            if (of.residual.defined()) value += of.residual.to_doubles()[size_t(at)];
                            value *= double(of.params.factor);
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
    const Operands of(GetParam());
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
    const Operands of(GetParam());
    const Tensor several = of.winograd();
    {
        const ThreadScope one(1);
        EXPECT_TRUE(same_bytes(of.winograd(), several));
    }
    Case alone = GetParam();
    if (alone.x[0] == 1) return;
    alone.x = {1, alone.x[1], alone.x[2], alone.x[3]};
    const Operands first(alone);  // whose values are those of the first image
    const Tensor result = first.winograd();
    EXPECT_EQ(std::memcmp(result.raw(), several.raw(), static_cast<size_t>(result.bytes())), 0);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradQuantizedConv2d, testing::ValuesIn(cases), name);

TEST(WinogradQuantizedConv2d, ComputesTheSlotByBothBackendsWhereTheModeAllowsIt) {
    const Operands of(cases[0]);
    const auto slot = [&] {
        Tensor y = Tensor::empty(of.y, DType::u8);
        quantized_conv2d_forward(of.x, of.filters.weight, of.filters.multiplier, of.filters.bias, of.residual,
                                 y, of.params);
        return y;
    };
    const Tensor direct = slot(), winograd = of.winograd();
    ASSERT_FALSE(same_bytes(direct, winograd));
    const ComputeModeScope scope({.winograd = Winograd::inference});
    EXPECT_TRUE(same_bytes(slot(), winograd));
    const PortableScope portable;
    EXPECT_TRUE(same_bytes(slot(), winograd));
}

TEST(WinogradQuantizedConv2d, LeavesTheRestToTheDirectForm) {
    const ComputeModeScope scope({.winograd = Winograd::inference});
    const auto taken = [](const Shape& x, const Shape& weight, DType dtype, const Conv2dOptions& options) {
        const QuantizedFilters filters =
            quantized_filters({Tensor::zeros(weight, DType::i8), Tensor::full({weight[0]}, 1.0)},
                              Tensor::zeros({weight[0]}), {});
        QuantizedConv2dParams params{conv2d_params(x, weight, options)};
        params.conv.activation = Activation::relu;
        Tensor y = Tensor::empty(conv2d_shape(x, weight, params.conv), DType::u8);
        return winograd_quantized_forward(Tensor::zeros(x, dtype), filters.weight, filters.multiplier,
                                          filters.bias, {}, y, params);
    };
    EXPECT_TRUE(taken({1, 8, 8, 64}, {64, 3, 3, 64}, DType::u8, {.padding = {1, 1}}));
    EXPECT_FALSE(taken({1, 8, 8, 64}, {64, 3, 3, 64}, DType::i8, {.padding = {1, 1}}));
    EXPECT_FALSE(taken({1, 8, 8, 72}, {64, 3, 3, 72}, DType::u8, {.padding = {1, 1}}));
    EXPECT_FALSE(taken({1, 8, 8, 64}, {40, 3, 3, 64}, DType::u8, {.padding = {1, 1}}));
    EXPECT_FALSE(taken({1, 8, 8, 64}, {64, 3, 3, 64}, DType::u8, {.stride = {2, 2}, .padding = {1, 1}}));
    EXPECT_FALSE(taken({1, 8, 8, 64}, {64, 1, 1, 64}, DType::u8, {}));
    EXPECT_FALSE(taken({1, 3, 3, 64}, {64, 3, 3, 64}, DType::u8, {})) << "one output of a tile's four";
}

// Also a channel whose weights are all zeros, which has no unit.
TEST(WinogradQuantizedConv2d, AChannelOfZerosIsItsBias) {
    Operands of(cases[0]);
    std::memset(of.weight.values.data<int8_t>(), 0, static_cast<size_t>(9 * of.x.dim(3)));
    of.filters = quantized_filters(of.weight, of.bias, of.scales);
    of.residual = {};
    const std::vector<double> exact = of.exact(), found = of.winograd().to_doubles();
    for (size_t i = 0; i < exact.size(); i += size_t(of.y[3]))
        ASSERT_LE(std::abs(found[i] - of.clamped(exact[i])), 0.501);
}

}  // namespace
}  // namespace unmask
