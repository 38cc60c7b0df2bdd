// SPDX-License-Identifier: Apache-2.0
// What rows of the op-case table cannot say of the handwritten kernels: numbers that are none, ties, every
// element size, mixed dtypes, empty tensors.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/ops/batch_norm.h"
#include "engine/ops/cast.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/embedding.h"
#include "engine/ops/kernel_work.h"
#include "engine/ops/layout.h"
#include "engine/ops/pool.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"
#include "engine/ops/reduce.h"
#include "engine/ops/resize.h"
#include "engine/ops/softmax.h"
#include "tests/simt/machine.h"
#include "tests/simt/order_scope.h"
#include "tests/support/compare.h"
#include "tests/support/integer_cases.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

// Runs compute(inputs on a device) on the emulated GPU and on the CPU; the results must agree.
template <class Compute>
void expect_as_on_the_cpu(Compute compute, const std::vector<Tensor>& inputs, double bound = 0.0) {
    std::vector<Tensor> moved;
    for (const Tensor& input : inputs) moved.push_back(input.to(gpu));
    const Tensor found = compute(moved), expected = compute(inputs);
    EXPECT_EQ(found.dtype(), expected.dtype());
    if (is_floating(expected.dtype()))
        EXPECT_LE(difference(found, expected).relative, bound);
    else
        EXPECT_TRUE(same_bytes(found, expected));
}

// 24 x 10 numbers with ties, infinities and NaNs in some rows and columns.
Tensor awkward_numbers() {
    std::vector<float> values(240);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7 % 5) - 3.0f;
    values[13] = values[147] = nan;
    values[25] = values[171] = infinity;
    values[36] = -infinity;
    for (size_t i = 180; i < 190; ++i) values[i] = -infinity;
    return Tensor::from({24, 10}, values);
}

TEST(KernelSemantics, NotANumberTiesAndInfinitiesAsOnTheCpu) {
    const Tensor x = awkward_numbers();
    for (const std::vector<int>& axes : {std::vector<int>{}, {0}, {1}}) {
        expect_as_on_the_cpu([&](const auto& in) { return max(in[0], axes).value(); }, {x});
        expect_as_on_the_cpu([&](const auto& in) { return sum(in[0], axes).value(); }, {x});
        expect_as_on_the_cpu(
            [&](const auto& in) {
                const Variable leaf(in[0], true);
                const Variable y = max(leaf, axes);
                y.backward(projection(y.shape(), DType::f32, in[0].device()));
                return leaf.gradient();
            },
            {x});
    }
    const Pool2dParams params{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    for (const Shape& shape : {Shape{1, 6, 5, 8}, Shape{1, 8, 10, 3}})
        expect_as_on_the_cpu(
            [&](const auto& in) {
                const Variable leaf(in[0].reshape(shape), true);
                const Variable y = max_pool2d(leaf, params);
                y.backward(projection(y.shape(), DType::f32, in[0].device()));
                return concat({reshape(y, {y.value().numel()}), reshape(leaf.gradient(), {240})}, 0).value();
            },
            {x}, 1e-7);
    for (const bool logarithm : {false, true})
        expect_as_on_the_cpu(
            [&](const auto& in) {
                Tensor y = Tensor::empty_like(in[0]);
                softmax_forward(in[0], y, logarithm);
                return y;
            },
            {x}, 2e-6);
    expect_as_on_the_cpu(
        [&](const auto& in) {
            Tensor y = Tensor::empty_like(in[0]);
            unary_backward(in[0], in[0], in[0], y, UnaryOp::abs);
            return y;
        },
        {x});
    expect_as_on_the_cpu(
        [](const auto& in) {
            return dropout(in[0], {0.5, Philox(3, "x").key(), 5}).value();
        },
        {x});
}

TEST(KernelSemantics, MaxPoolingWithoutArgmax) {
    const Pool2dParams params{.kernel = {2, 2}, .stride = {1, 1}, .padding = {0, 0}};
    expect_as_on_the_cpu(
        [&](const auto& in) {
            return max_pool2d(in[0].reshape({1, 6, 5, 8}), params).value();
        },
        {awkward_numbers()});
}

// Numbers that bf16 holds, in a map that is pooled as a stem's is there.
TEST(KernelSemantics, MaxPoolingOfAStemInBf16) {
    const Tensor numbers = concat({awkward_numbers().reshape({240}), Tensor::zeros({16})}, 0).value();
    const auto pooled = [](const Tensor& x) {
        return max_pool2d(x.reshape({1, 4, 8, 8}), {{3, 3}, {2, 2}, {1, 1}}).value();
    };
    const Tensor found = pooled(numbers.to(gpu).to(DType::bf16)).to(DType::f32).to(cpu_device);
    EXPECT_EQ(difference(found, pooled(numbers)).relative, 0.0);
}

// So many strips that a block takes two groups of them forward and four back.
TEST(KernelSemantics, DepthwiseConvolutionOfAGreatMap) {
    const Shape x{1, 520, 520, 63}, weight{63, 3, 3, 1};
    const Conv2dParams params = conv2d_params(x, weight, {.stride = {2, 2}, .padding = {1, 1}, .groups = 63});
    const Tensor map = projection(x, DType::f32), kernel = projection(weight, DType::f32);
    expect_as_on_the_cpu(
        [&](const auto& in) {
            Tensor y = Tensor::empty(conv2d_shape(x, weight, params), DType::f32, in[0].device());
            conv2d_forward(in[0], in[1], Tensor(), Tensor(), y, params);
            return y;
        },
        {map, kernel}, 1e-6);
    expect_as_on_the_cpu(
        [&](const auto& in) {
            Tensor grad_x = Tensor::empty(x, DType::f32, in[0].device());
            conv2d_backward_data(in[0], in[1], grad_x, params, false);
            return grad_x;
        },
        {projection(conv2d_shape(x, weight, params), DType::f32), kernel}, 1e-6);
}

TEST(KernelSemantics, CastsRoundAsOnTheCpu) {
    std::vector<float> values{nan,    infinity, -infinity,    0.0f,       -0.0f,
                              1e-40f, 3.4e38f,  -1.00390625f, 1.01171875f};
    for (int i = 0; i < 2000; ++i)
        values.push_back(std::ldexp(1.0f + static_cast<float>(i) / 2048.0f, i % 37 - 18));
    const Tensor x = Tensor::from({static_cast<int64_t>(values.size())}, values);
    for (const int64_t begin : {0, 1, 4})
        expect_as_on_the_cpu(
            [&](const auto& in) {
                const Tensor part = in[0].rows(begin, in[0].dim(0));
                Tensor rounded = Tensor::empty(part.shape(), DType::bf16, part.device());
                cast_forward(part, rounded);
                Tensor result =
                    Tensor::empty(rounded.rows(begin, rounded.dim(0)).shape(), DType::f32, part.device());
                cast_forward(rounded.rows(begin, rounded.dim(0)), result);
                return result;
            },
            {x});
}

Tensor counted(const Shape& shape, DType dtype) {
    std::vector<double> values(static_cast<size_t>(shape.numel()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * 37 % 251);
    return Tensor::from<double>(shape, values).to(dtype);
}

TEST(KernelSemantics, MovesElementsOfEverySize) {
    for (const DType dtype : {DType::u8, DType::bf16, DType::f16, DType::f32, DType::i64, DType::f64})
        for (const std::vector<int>& order : {std::vector<int>{1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}})
            for (const Shape& shape : {Shape{5, 34, 16}, Shape{33, 3, 35}})
                expect_as_on_the_cpu([&](const auto& in) { return permute(in[0], order).value(); },
                                     {counted(shape, dtype)});
    for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64})
        for (const PitchedCopy& copy :
             {PitchedCopy{3, 16, 0, 32, 16, 48}, PitchedCopy{3, 16, 8, 24, 4, 20},
              PitchedCopy{5, 6, 2, 10, 0, 6}, PitchedCopy{4, 7, 1, 9, 3, 11}, PitchedCopy{1, 100, 1, 0, 1, 0},
              PitchedCopy{4, 25, 0, 25, 100, 25}, PitchedCopy{7, 2, 4, 0, 4, 2}})
            expect_as_on_the_cpu(
                [&](const auto& in) {
                    Tensor target = in[1].clone();
                    copy_pitched(in[0], target, copy);
                    return target;
                },
                {counted({200}, dtype), Tensor::full({200}, 255.0).to(dtype)});
}

TEST(KernelSemantics, DropoutTakesItsStepFromTheDevice) {
    const Tensor x = Tensor::full({1003}, 1.0);
    const PhiloxKey key = Philox(11, "dropout").key();
    for (const DType dtype : {DType::f32, DType::bf16}) {
        const uint64_t step = (uint64_t{1} << 33) + 9;
        const Tensor on_device = Tensor::from<int64_t>({1}, std::vector{static_cast<int64_t>(step)}, gpu);
        const Tensor expected = dropout(x, {0.5, key, step}).value();
        for (const DropoutParams& params :
             {DropoutParams{0.5, key, 3, on_device}, DropoutParams{0.5, key, step}})
            EXPECT_EQ(dropout(x.to(dtype).to(gpu), params).value().to_floats(), expected.to_floats());
    }
}

TEST(KernelSemantics, AdaptivePoolingBetweenDtypes) {
    for (const int64_t channels : {5, 16})
        for (const auto& [height, width] : {std::pair{1, 1}, std::pair{3, 2}}) {
            const Tensor x = projection({2, 7, 5, channels}, DType::bf16);
            const Tensor grad_y = projection({2, height, width, channels}, DType::f32);
            Tensor y = Tensor::empty(grad_y.shape(), DType::f32, gpu),
                   expected = Tensor::empty(grad_y.shape());
            adaptive_average_pool2d_forward(x.to(gpu), y);
            adaptive_average_pool2d_forward(x.to(DType::f32), expected);
            EXPECT_LE(difference(y, expected).relative, 2e-6);
            Tensor grad_x = Tensor::empty(x.shape(), DType::bf16, gpu), expected_x = Tensor::empty(x.shape());
            adaptive_average_pool2d_backward(grad_y.to(gpu), grad_x, false);
            adaptive_average_pool2d_backward(grad_y, expected_x, false);
            EXPECT_TRUE(same_bytes(grad_x, expected_x.to(DType::bf16).to(gpu)) ||
                        difference(grad_x, expected_x).relative < 4e-3);
        }
}

TEST(KernelSemantics, EmbeddingGradientsAreAddedInLabelOrder) {
    for (const int64_t width : {5, 16, 1030}) {
        const Tensor labels = Tensor::from<int64_t>({5}, std::vector<int64_t>{2, 0, 2, 2, 0});
        expect_as_on_the_cpu(
            [&](const auto& in) {
                Tensor table = in[1].clone();
                embedding_backward(in[0], in[2], table);
                return table;
            },
            {projection({5, width}, DType::f32), counted({3, width}, DType::f32), labels});
    }
}

TEST(KernelSemantics, EmptyTensorsLaunchNothing) {
    const int64_t before = simt::launches();
    const Tensor x = Tensor::empty({0, 3, 3, 4}, DType::f32, gpu);
    const Variable leaf(x, true);
    for (const Variable& y : {leaf + leaf, affine(exp(leaf), 2.0), sum(leaf, {1, 2}),
                              permute(leaf, {0, 3, 1, 2}), softmax(leaf), dropout(leaf, {.probability = 0.5}),
                              cast(leaf, DType::bf16), max_pool2d(leaf, {}), average_pool2d(leaf, {}),
                              resize_bilinear(leaf, 5, 5), concat({leaf, leaf}, 1), slice(leaf, 3, 1, 3)})
        y.backward(Tensor::empty(y.shape(), y.dtype(), gpu));
    EXPECT_EQ(simt::launches(), before);
}

// Over few rows and many: none where the CPU has none, though it may be another.
TEST(KernelSemantics, RunningStatisticsOfNoNumberAreNone) {
    const auto statistics = [](const Tensor& x) {
        const Tensor ones = Tensor::full({8}, 1.0, DType::f32, x.device());
        Tensor mean = ones.clone(), variance = ones.clone();
        static_cast<void>(batch_norm(x, ones, ones, mean, variance, {}));
        std::vector<double> values = mean.to_doubles();
        for (const double value : variance.to_doubles()) values.push_back(value);
        return values;
    };
    for (const int64_t rows : {12, 2300})
        for (const int64_t place : {int64_t{0}, rows / 2, rows - 1})
            for (const float awkward : {nan, infinity}) {
                Tensor x = Tensor::full({rows, 8}, 0.5);
                x.data<float>()[8 * place + 3] = awkward;
                const std::vector<double> found = statistics(x.to(gpu)), expected = statistics(x);
                for (size_t i = 0; i < found.size(); ++i) {
                    SCOPED_TRACE(std::to_string(i) + " of " + std::to_string(rows));
                    EXPECT_EQ(std::isfinite(expected[i]), i % 8 != 3);
                    EXPECT_EQ(std::isfinite(found[i]), i % 8 != 3);
                    if (i % 8 != 3) {
                        EXPECT_NEAR(found[i], expected[i], 1e-6);
                    }
                }
            }
}

// What an error of the GPU's libraries says of where it happened.
TEST(KernelSemantics, AKernelKnowsItsCallWithTheShapes) {
    const Tensor x = Tensor::full({2, 3}, 1, DType::bf16, gpu);
    Tensor y = Tensor::empty({2, 3}, DType::f32, gpu);
    std::string text;
    simt::set_recorder([&](const std::function<void()>&) {
        ASSERT_NE(KernelCall::current(), nullptr);
        text = text_of(*KernelCall::current());
    });
    cast_forward(x, y);
    simt::set_recorder({});
    EXPECT_EQ(text, "cast_forward(bf16 [2, 3], f32 [2, 3])");
    EXPECT_EQ(KernelCall::current(), nullptr);
}

// Convolutions that no row of the table has: over 8-bit integers and over compact weights.
TEST(KernelSemantics, ConvolutionsOfFewBitsHaveTheSameBytesInAnyOrderOfThreads) {
    const Tensor x = drawn({2, 9, 9, 4}, 1).to(gpu), levels = Tensor::full({2, 9, 9, 4}, 7, DType::u8, gpu);
    const CompactWeight weight = compact_weight(drawn({6, 3, 3, 4}, 2), WeightFormat::int8);
    const QuantizedFilters filters =
        quantized_filters(weight, Tensor::zeros({6}), {1.0f, 1.0f, 1.0f}).to(gpu);
    const auto results = [&](simt::Order order) {
        const simt::OrderScope scope(order);
        return std::vector{compact_conv2d(x, weight.to(gpu), {}, {}, {}, Activation::relu),
                           quantized_conv2d(levels, filters, {}, {}, Activation::relu)};
    };
    const std::vector<Tensor> forward = results(simt::Order::forward);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        const std::vector<Tensor> found = results(order);
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(same_bytes(found[i], forward[i])) << simt::name_of(order) << " " << i;
    }
}

}  // namespace
}  // namespace unmask
