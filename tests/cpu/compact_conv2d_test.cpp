// SPDX-License-Identifier: Apache-2.0
// Compact weights against the same convolution over the float32 weights that they stand for.
#include "engine/ops/compact_conv2d.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/integer_cases.h"

namespace unmask {
namespace {

TEST(CompactWeight, Int8IsTheNearestLevelOfEachChannel) {
    const Tensor weight = drawn({5, 3, 3, 7}, 1);
    const CompactWeight compact = compact_weight(weight, WeightFormat::int8);
    const Tensor back = expanded(compact);
    for (int64_t o = 0; o < 5; ++o) {
        const float scale = compact.scale.data<float>()[o];
        float largest = 0;
        for (int64_t i = o * 63; i < (o + 1) * 63; ++i) {
            largest = std::max(largest, std::abs(weight.data<float>()[i]));
            EXPECT_LE(std::abs(back.data<float>()[i] - weight.data<float>()[i]), 0.5001f * scale);
        }
        EXPECT_FLOAT_EQ(scale, largest / 127.0f);
    }
}

TEST(CompactWeight, CompactingAgainChangesNothing) {
    for (const WeightFormat format : {WeightFormat::f32, WeightFormat::bf16, WeightFormat::int8}) {
        const CompactWeight once = compact_weight(drawn({9, 1, 1, 33}, 2), format);
        const CompactWeight twice = compact_weight(expanded(once), format);
        EXPECT_TRUE(same_bytes(once.values, twice.values)) << name_of(format);
    }
}

TEST(CompactWeight, AChannelOfZerosStaysOne) {
    const CompactWeight compact = compact_weight(Tensor::zeros({2, 1, 1, 4}), WeightFormat::int8);
    EXPECT_EQ(expanded(compact).to_floats(), std::vector<float>(8, 0.0f));
}

TEST(CompactConv2d, HasTheBytesOfTheConvolutionOverExpandedWeights) {
    const PortableScope portable;
    for (const WeightFormat format : {WeightFormat::f32, WeightFormat::bf16, WeightFormat::int8})
        for (const IntegerCase& row : integer_cases()) {
            if (row.options.groups != 1) continue;
            for (const Activation activation : {Activation::none, Activation::relu, Activation::silu}) {
                const Tensor x = drawn(row.x, 3), bias = drawn({row.weight[0]}, 4);
                const CompactWeight weight = compact_weight(drawn(row.weight, 5), format);
                const Tensor plain = conv2d_fused(x, expanded(weight), bias, {}, row.options, activation);
                const Tensor residual = drawn(plain.shape(), 6);
                const Tensor expected =
                    conv2d_fused(x, expanded(weight), bias, residual, row.options, activation);
                EXPECT_TRUE(
                    same_bytes(compact_conv2d(x, weight, bias, residual, row.options, activation), expected))
                    << name_of(format) << " " << row.weight.str();
                EXPECT_TRUE(same_bytes(compact_conv2d(x, weight, bias, {}, row.options, activation), plain));
            }
        }
}

TEST(CompactConv2d, LinearIsThePointwiseOne) {
    const PortableScope portable;
    const Tensor x = drawn({3, 20}, 1), bias = drawn({11}, 2);
    for (const WeightFormat format : {WeightFormat::bf16, WeightFormat::int8}) {
        const CompactWeight weight = compact_weight(drawn({11, 20}, 3), format);
        const Tensor y = compact_linear(x, weight, bias, Activation::relu);
        const Tensor dense = expanded(weight);
        for (int64_t n = 0; n < 3; ++n)
            for (int64_t o = 0; o < 11; ++o) {
                double sum = bias.data<float>()[o];
                for (int64_t c = 0; c < 20; ++c)
                    sum += double(x.data<float>()[n * 20 + c]) * double(dense.data<float>()[o * 20 + c]);
                EXPECT_NEAR(y.data<float>()[n * 11 + o], std::max(sum, 0.0), 1e-5);
            }
    }
}

TEST(CompactConv2d, RefusesWhatDoesNotFit) {
    const Tensor x = drawn({1, 5, 5, 4}, 1);
    const CompactWeight weight = compact_weight(drawn({6, 3, 3, 4}, 2), WeightFormat::int8);
    expect_error(
        [&] {
            (void)compact_conv2d(x, {weight.values, Tensor::zeros({5})}, {}, {}, {}, Activation::none);
        },
        {"6 scales", "[5]"});
    expect_error(
        [&] {
            (void)compact_conv2d(x, {weight.values, {}}, {}, {}, {}, Activation::none);
        },
        {"none"});
    expect_error([&] { (void)compact_conv2d(x, weight, Tensor::zeros({4}), {}, {}, Activation::none); },
                 {"bias"});
    expect_error(
        [&] {
            (void)compact_conv2d(x, {weight.values.to(DType::i32), {}}, {}, {}, {}, Activation::none);
        },
        {"i32"});
    const CompactWeight grouped = compact_weight(drawn({6, 3, 3, 2}, 2), WeightFormat::int8);
    expect_error([&] { (void)compact_conv2d(x, grouped, {}, {}, {.groups = 2}, Activation::none); },
                 {"1 group"});
    expect_error([] { (void)compact_weight(Tensor::zeros({4}, DType::f64), WeightFormat::int8); }, {"f64"});
    expect_error([] { (void)parse_weight_format("int4"); }, {"int8", "int4"});
}

}  // namespace
}  // namespace unmask
