// SPDX-License-Identifier: Apache-2.0
// The definitions of the op headers written down as plain loops, one result at a time: the op-case table
// compares the kernels with each other and would not notice a formula that all of them get wrong alike.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/batch_norm.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/matmul.h"
#include "engine/ops/pool.h"
#include "engine/ops/resize.h"
#include "engine/ops/softmax.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

Tensor draw(const Shape& shape) {
    return projection(shape, DType::f64);
}

double at(const Tensor& x, int64_t n, int64_t i, int64_t j, int64_t c) {
    return x.data<double>()[((n * x.dim(1) + i) * x.dim(2) + j) * x.dim(3) + c];
}

// Fills a tensor [N, H, W, C] element by element.
template <class Value>
Tensor each(const Shape& shape, Value value) {
    Tensor y = Tensor::empty(shape, DType::f64);
    double* out = y.data<double>();
    for (int64_t n = 0; n < shape[0]; ++n)
        for (int64_t i = 0; i < shape[1]; ++i)
            for (int64_t j = 0; j < shape[2]; ++j)
                for (int64_t c = 0; c < shape[3]; ++c) *out++ = value(n, i, j, c);
    return y;
}

bool inside(const Tensor& x, int64_t i, int64_t j) {
    return i >= 0 && i < x.dim(1) && j >= 0 && j < x.dim(2);
}

// pad: top and left; size: H' and W'.
void check_conv2d(const Shape& x_shape, const Shape& weight_shape, const Conv2dOptions& options,
                  std::array<int64_t, 2> pad, std::array<int64_t, 2> size) {
    const Tensor x = draw(x_shape), weight = draw(weight_shape), bias = draw({weight_shape[0]});
    const int64_t group_in = weight_shape[3], group_out = weight_shape[0] / options.groups;
    const auto value = [&](int64_t n, int64_t i, int64_t j, int64_t o) {
        double sum = bias.data<double>()[o];
        for (int64_t p = 0; p < weight_shape[1]; ++p)
            for (int64_t q = 0; q < weight_shape[2]; ++q)
                for (int64_t c = 0; c < group_in; ++c) {
                    const int64_t row = i * options.stride[0] - pad[0] + p * options.dilation[0];
                    const int64_t column = j * options.stride[1] - pad[1] + q * options.dilation[1];
                    if (inside(x, row, column))
                        sum += at(x, n, row, column, o / group_out * group_in + c) * at(weight, o, p, q, c);
                }
        return sum;
    };
    const Tensor expected = each({x_shape[0], size[0], size[1], weight_shape[0]}, value);
    EXPECT_LT(difference(conv2d(x, weight, bias, options).value(), expected).relative, 1e-14);
    const Tensor relu = each(expected.shape(), [&](int64_t n, int64_t i, int64_t j, int64_t c) {
        return std::max(2 * at(expected, n, i, j, c), 0.0);
    });
    EXPECT_LT(difference(conv2d_fused(x, weight, bias, expected, options, Activation::relu), relu).relative,
              1e-14);
}

TEST(Definition, Conv2d) {
    check_conv2d({2, 5, 6, 3}, {4, 3, 3, 3}, {}, {0, 0}, {3, 4});
    check_conv2d({1, 7, 8, 3}, {5, 3, 2, 3}, {.stride = {2, 3}, .padding = {1, 2}}, {1, 2}, {4, 4});
    check_conv2d({1, 9, 9, 2}, {3, 3, 3, 2}, {.padding = {1, 3}, .dilation = {2, 3}}, {1, 3}, {7, 9});
    check_conv2d({1, 6, 7, 3}, {4, 3, 3, 3}, {.stride = {2, 2}, .same_padding = true}, {0, 1}, {3, 4});
    check_conv2d({1, 5, 5, 6}, {9, 3, 3, 2}, {.padding = {1, 1}, .groups = 3}, {1, 1}, {5, 5});
    check_conv2d({1, 7, 6, 19}, {19, 3, 3, 1}, {.stride = {2, 1}, .padding = {1, 1}, .groups = 19}, {1, 1},
                 {4, 6});
    check_conv2d({2, 3, 3, 5}, {4, 1, 1, 5}, {}, {0, 0}, {3, 3});
}

TEST(Definition, Pooling) {
    const Tensor x = draw({2, 7, 8, 5});
    const Pool2dParams params{{3, 2}, {2, 3}, {1, 1}};
    double count = 0;
    const auto over_window = [&](int64_t i, int64_t j, auto visit) {
        count = 0;
        for (int64_t row = 2 * i - 1; row < 2 * i + 2; ++row)
            for (int64_t column = 3 * j - 1; column < 3 * j + 1; ++column)
                if (inside(x, row, column)) visit(row, column), ++count;
    };
    const Shape shape{2, 4, 3, 5};
    const Tensor largest = each(shape, [&](int64_t n, int64_t i, int64_t j, int64_t c) {
        double best = -1e9;
        over_window(i, j,
                    [&](int64_t row, int64_t column) { best = std::max(best, at(x, n, row, column, c)); });
        return best;
    });
    EXPECT_EQ(difference(max_pool2d(x, params).value(), largest).largest, 0.0);
    for (const bool count_padding : {true, false}) {
        const Tensor average = each(shape, [&](int64_t n, int64_t i, int64_t j, int64_t c) {
            double sum = 0;
            over_window(i, j, [&](int64_t row, int64_t column) { sum += at(x, n, row, column, c); });
            return sum / (count_padding ? 6 : count);
        });
        Pool2dParams counting = params;
        counting.count_padding = count_padding;
        EXPECT_LT(difference(average_pool2d(x, counting).value(), average).relative, 1e-14);
    }
    const Tensor adaptive = each({2, 3, 5, 5}, [&](int64_t n, int64_t i, int64_t j, int64_t c) {
        double sum = 0, taps = 0;
        for (auto row = int64_t(std::floor(i * 7 / 3.0)); row < int64_t(std::ceil((i + 1) * 7 / 3.0)); ++row)
            for (auto column = int64_t(std::floor(j * 8 / 5.0));
                 column < int64_t(std::ceil((j + 1) * 8 / 5.0)); ++column)
                sum += at(x, n, row, column, c), ++taps;
        return sum / taps;
    });
    EXPECT_LT(difference(adaptive_average_pool2d(x, 3, 5).value(), adaptive).relative, 1e-14);
}

TEST(Definition, ResizeBilinear) {
    const Tensor x = draw({2, 5, 7, 3});
    const auto place = [](int64_t i, double inputs, double outputs) {
        return std::max((static_cast<double>(i) + 0.5) * inputs / outputs - 0.5, 0.0);
    };
    for (const auto& [height, width] : std::vector<std::pair<int, int>>{{9, 4}, {3, 20}, {5, 7}, {1, 1}}) {
        const Tensor y = each({2, height, width, 3}, [&](int64_t n, int64_t i, int64_t j, int64_t c) {
            const double row = place(i, 5, height), column = place(j, 7, width);
            double sum = 0;  // a tent of width one around the place, the border repeated
            for (int64_t p = -1; p < 7; ++p)
                for (int64_t q = -1; q < 9; ++q)
                    sum += std::max(0.0, 1 - std::fabs(row - double(p))) *
                           std::max(0.0, 1 - std::fabs(column - double(q))) *
                           at(x, n, std::clamp<int64_t>(p, 0, 4), std::clamp<int64_t>(q, 0, 6), c);
            return sum;
        });
        EXPECT_LT(difference(resize_bilinear(x, height, width).value(), y).relative, 1e-14)
            << height << " " << width;
    }
}

TEST(Definition, BatchNorm) {
    const Tensor x = draw({3, 4, 5, 2}), weight = draw({2}), bias = draw({2}), residual = draw(x.shape());
    for (const bool training : {true, false}) {
        const Tensor mean = Tensor::full({2}, 0.3, DType::f64), variance = Tensor::full({2}, 0.7, DType::f64);
        std::array<double, 2> centre{0.3, 0.3}, spread{0.7, 0.7};
        for (int64_t c = 0; c < 2 && training; ++c) {
            double sum = 0, squares = 0;
            for (int64_t i = 0; i < 60; ++i) sum += x.data<double>()[2 * i + c];
            for (int64_t i = 0; i < 60; ++i) squares += std::pow(x.data<double>()[2 * i + c] - sum / 60, 2);
            centre[static_cast<size_t>(c)] = sum / 60;
            spread[static_cast<size_t>(c)] = squares / 60;
        }
        const Tensor expected = each(x.shape(), [&](int64_t n, int64_t i, int64_t j, int64_t c) {
            const auto k = static_cast<size_t>(c);
            const double z =
                (at(x, n, i, j, c) - centre[k]) / std::sqrt(spread[k] + 1e-3) * weight.data<double>()[c] +
                bias.data<double>()[c] + at(residual, n, i, j, c);
            return z / (1 + std::exp(-z));
        });
        const BatchNormParams params{.training = training, .eps = 1e-3, .activation = Activation::silu};
        const Variable y = batch_norm(x, weight, bias, mean, variance, params, residual);
        EXPECT_LT(difference(y.value(), expected).relative, 1e-14);
    }
}

TEST(Definition, ProductsSoftmaxAndPermutations) {
    const Tensor a = draw({2, 3, 4, 5});
    const Tensor moved =
        each({5, 2, 4, 3}, [&](int64_t n, int64_t i, int64_t j, int64_t c) { return at(a, i, c, j, n); });
    EXPECT_TRUE(same_bytes(permute(a, {3, 0, 2, 1}).value(), moved));
    const Tensor b = draw({2, 3, 6, 4});
    const Tensor product = each({2, 3, 5, 6}, [&](int64_t n, int64_t h, int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t k = 0; k < 4; ++k) sum += at(a, n, h, k, i) * at(b, n, h, j, k);
        return sum;
    });
    EXPECT_LT(difference(matmul(a, b, {true, true}).value(), product).relative, 1e-14);
    const Tensor shares = each(a.shape(), [&](int64_t n, int64_t h, int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t k = 0; k < 5; ++k) sum += std::exp(at(a, n, h, i, k));
        return std::exp(at(a, n, h, i, j)) / sum;
    });
    EXPECT_LT(difference(softmax(a).value(), shares).relative, 1e-14);
    EXPECT_LT(difference(exp(log_softmax(a)).value(), shares).relative, 1e-14);
}

}  // namespace
}  // namespace unmask
