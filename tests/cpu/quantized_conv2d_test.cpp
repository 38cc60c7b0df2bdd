// SPDX-License-Identifier: Apache-2.0
// Quantized convolution, by oneDNN and portable, against the same arithmetic in float64.
#include "engine/ops/quantized_conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/parallel.h"
#include "tests/cpu/quantized_operands.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/integer_cases.h"

namespace unmask {
namespace {

class QuantizedConv2d : public testing::TestWithParam<bool> {};  // whether by oneDNN

TEST_P(QuantizedConv2d, IsTheArithmeticItSays) {
    if (GetParam() && !onednn_available()) GTEST_SKIP() << "this build has no oneDNN";
    const bool before = onednn_enabled();
    set_onednn_enabled(GetParam());
    for (const IntegerCase& row : integer_cases())
        for (const DType dtype : {DType::u8, DType::i8})
            for (const Activation activation : {Activation::none, Activation::relu})
                for (const int residual_of : {0, 1, 2}) {
                    const Tensor x = levels(row.x, dtype, 1), bias = drawn({row.weight[0]}, 2, -1.0f, 1.0f);
                    const CompactWeight weight{levels(row.weight, DType::i8, 3),
                                               drawn({row.weight[0]}, 4, 0.002f, 0.01f)};
                    const auto products = static_cast<float>(row.weight.numel() / row.weight[0]);
                    const ConvolutionScales scales{0.013f, residual_of == 0 ? 0.0f : 0.029f,
                                                   0.008f * std::sqrt(products)};
                    const Conv2dParams params = conv2d_params(row.x, row.weight, row.options);
                    const Shape shape = conv2d_shape(row.x, row.weight, params);
                    const Tensor residual = residual_of == 0
                                                ? Tensor()
                                                : levels(shape, residual_of == 1 ? DType::u8 : DType::i8, 5);
                    const QuantizedFilters filters = quantized_filters(weight, bias, scales);
                    const Tensor y = quantized_conv2d(x, filters, residual, row.options, activation);
                    ASSERT_EQ(y.dtype(), activation == Activation::relu ? DType::u8 : DType::i8);
                    const double low = activation == Activation::relu ? 0.0 : -128.0;
                    const double high = activation == Activation::relu ? 255.0 : 127.0;
                    const std::vector<double> wanted =
                        exact_levels(x, weight, bias, residual, scales, shape, params, activation);
                    const std::vector<double> found = y.to_doubles();
                    double worst = 0.0;
                    int64_t inside = 0;
                    for (size_t i = 0; i < wanted.size(); ++i) {
                        worst = std::max(worst, std::abs(found[i] - std::clamp(wanted[i], low, high)));
                        inside += wanted[i] > low && wanted[i] < high ? 1 : 0;
                    }
                    EXPECT_LE(worst, 0.502)
                        << row.weight.str() << " " << name_of(dtype) << " residual " << residual_of;
                    EXPECT_GT(inside, int64_t(wanted.size()) / 10);
                }
    set_onednn_enabled(before);
}

INSTANTIATE_TEST_SUITE_P(Backends, QuantizedConv2d, testing::Values(false, true),
                         [](const auto& info) { return info.param ? "OneDnn" : "Portable"; });

TEST(QuantizedConv2d, TheNumberOfThreadsChangesNothing) {
    const Tensor x = levels({2, 9, 9, 64}, DType::u8, 1), bias = drawn({64}, 2, -1.0f, 1.0f);
    const QuantizedFilters filters = quantized_filters(
        {levels({64, 3, 3, 64}, DType::i8, 3), drawn({64}, 4, 0.002f, 0.01f)}, bias, {0.01f, 0.0f, 0.2f});
    const auto result = [&] {
        return quantized_conv2d(x, filters, {}, {.padding = {1, 1}}, Activation::relu);
    };
    const Tensor several = result();
    const ThreadLimit one(1);
    EXPECT_TRUE(same_bytes(result(), several));
    const PortableScope portable;
    EXPECT_TRUE(same_bytes(result(), several));  // also the arithmetic of both paths agrees here
}

TEST(QuantizedConv2d, AChannelWithoutWeightsIsItsBias) {
    const CompactWeight weight{Tensor::full({2, 1, 1, 4}, 5.0, DType::i8),
                               Tensor::from<float>({2}, {0.0f, 1e-38f})};
    const QuantizedFilters filters =
        quantized_filters(weight, Tensor::from<float>({2}, {3.0f, 4.0f}), {1.0f, 0.0f, 0.5f});
    const Tensor y =
        quantized_conv2d(Tensor::full({1, 1, 1, 4}, 200.0, DType::u8), filters, {}, {}, Activation::relu);
    EXPECT_EQ(y.to_floats(), (std::vector<float>{6.0f, 8.0f}));
}

TEST(QuantizedConv2d, RefusesWhatDoesNotFit) {
    const Tensor x = Tensor::zeros({1, 5, 5, 4}, DType::u8), bias = Tensor::zeros({6});
    const CompactWeight weight{Tensor::zeros({6, 3, 3, 4}, DType::i8), Tensor::full({6}, 1.0)};
    const QuantizedFilters filters = quantized_filters(weight, bias, {});
    const auto call = [&](const Tensor& input, const Tensor& residual, Activation activation) {
        return [=] { (void)quantized_conv2d(input, filters, residual, {}, activation); };
    };
    expect_error(call(Tensor::zeros({1, 5, 5, 4}), {}, Activation::relu), {"u8 or i8", "f32"});
    expect_error(call(x, Tensor::zeros({1, 3, 3, 5}, DType::u8), Activation::relu),
                 {"residual", "[1, 3, 3, 5]"});
    expect_error(call(x, Tensor::zeros({1, 3, 3, 6}), Activation::relu), {"residual", "f32"});
    expect_error(call(x, {}, Activation::silu), {"ReLU"});
    expect_error(
        [&] {
            (void)quantized_filters({weight.values.to(DType::f32), {}}, bias, {});
        },
        {"i8", "f32"});
    expect_error(
        [&] {
            (void)quantized_filters({weight.values, Tensor::zeros({5})}, bias, {});
        },
        {"scales", "[5]"});
    expect_error([&] { (void)quantized_filters(weight, Tensor::zeros({4}), {}); }, {"bias", "[4]"});
    expect_error([&] { (void)quantized_filters(weight, bias, {0.0f, 0.0f, 1.0f}); }, {"input scale", "0"});
    expect_error(
        [&] {
            (void)quantized_filters(weight, bias, {1.0f, -1.0f, 1.0f});
        },
        {"residual scale", "-1"});
    expect_error(
        [&] {
            (void)quantized_filters(weight, bias, {1.0f, 0.0f, INFINITY});
        },
        {"output scale", "inf"});
    const CompactWeight huge{Tensor::zeros({1, 3, 3, 8192}, DType::i8), Tensor::full({1}, 1.0)};
    expect_error([&] { (void)quantized_filters(huge, Tensor::zeros({1}), {}); },
                 {"at most", "[1, 3, 3, 8192]"});
}

}  // namespace
}  // namespace unmask
