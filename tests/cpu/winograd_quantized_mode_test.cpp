// SPDX-License-Identifier: Apache-2.0
// Which quantized convolutions go by Winograd's algorithm.
#include <gtest/gtest.h>

#include "tests/cpu/winograd_quantized_operands.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

const WinogradCase network{{2, 12, 12, 64}, 64, {1, 1}, {1, 1}, DType::u8, Activation::relu};

TEST(WinogradQuantizedMode, ComputesTheSlotByBothBackendsWhereTheModeAllowsIt) {
    const WinogradOperands of(network);
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

TEST(WinogradQuantizedMode, LeavesTheRestToTheDirectForm) {
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
    EXPECT_FALSE(taken({1, 8, 8, 64}, {64, 3, 3, 64}, DType::u8, {.padding = {2, 2}, .dilation = {2, 2}}));
    EXPECT_FALSE(taken({1, 8, 8, 128}, {64, 3, 3, 64}, DType::u8, {.padding = {1, 1}, .groups = 2}));
    EXPECT_FALSE(taken({1, 3, 3, 64}, {64, 3, 3, 64}, DType::u8, {})) << "one output of a tile's four";
}

// In `inference` those alone whose weights never change.
TEST(WinogradQuantizedMode, SaysWhichWeights) {
    const WinogradOperands of(network);
    const Tensor loose = of.filters.weight.clone();
    ASSERT_FALSE(loose.buffer()->frozen());
    const auto taken = [&](Winograd mode, const Tensor& weight) {
        const ComputeModeScope scope({.winograd = mode});
        Tensor y = Tensor::empty(of.y, DType::u8);
        const bool result = winograd_quantized_forward(of.x, weight, of.filters.multiplier, of.filters.bias,
                                                       of.residual, y, of.params);
        if (result) {
            EXPECT_TRUE(same_bytes(y, of.winograd()));
        }
        return result;
    };
    EXPECT_FALSE(taken(Winograd::off, of.filters.weight));
    EXPECT_TRUE(taken(Winograd::inference, of.filters.weight));
    EXPECT_FALSE(taken(Winograd::inference, loose));
    EXPECT_TRUE(taken(Winograd::all, loose));
}

// A ReLU's result is u8, another's i8; what differs is the direct form's.
TEST(WinogradQuantizedMode, TheResultsDtypeIsTheActivations) {
    const WinogradOperands of(network);
    const ComputeModeScope scope({.winograd = Winograd::inference});
    Tensor y = Tensor::empty(of.y, DType::i8);
    EXPECT_FALSE(winograd_quantized_forward(of.x, of.filters.weight, of.filters.multiplier, of.filters.bias,
                                            of.residual, y, of.params));
}

}  // namespace
}  // namespace unmask
