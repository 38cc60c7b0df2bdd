// SPDX-License-Identifier: Apache-2.0
// Operands of the quantized convolution by Winograd's algorithm, like those of a network.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "cpu/winograd_quantized_conv2d.h"
#include "tests/cpu/quantized_operands.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/integer_cases.h"

namespace unmask {

struct WinogradCase {
    Shape x;
    int64_t outputs;
    std::array<int, 2> before, after;  // the padding: top and left, bottom and right
    DType residual;                    // f32: none
    Activation activation;
};

// Levels as a ReLU leaves them: half are zeros, one in 30,000 is clamped. Weights with a rare large one.
inline float normal(const Philox& random, int64_t i) {
    const float u = std::max(random.uniform(0, static_cast<uint64_t>(2 * i)), 1e-7f);
    return std::sqrt(-2.0f * std::log(u)) *
           std::cos(6.2831853f * random.uniform(0, static_cast<uint64_t>(2 * i + 1)));
}
template <class T>
[[nodiscard]] Tensor normal_levels(const Shape& shape, uint64_t seed, float deviation, float low,
                                   float high) {
    const Philox random(seed, "normal levels");
    Tensor result = Tensor::empty(shape, dtype_of<T>);
    for (int64_t i = 0; i < shape.numel(); ++i)
        result.data<T>()[i] =
            static_cast<T>(std::clamp(std::round(deviation * normal(random, i)), low, high));
    return result;
}

struct WinogradOperands {
    Tensor x, bias, residual;
    CompactWeight weight;
    ConvolutionScales scales;
    QuantizedFilters filters;
    QuantizedConv2dParams params;
    Shape y;
    Activation activation;

    explicit WinogradOperands(const WinogradCase& c)
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

}  // namespace unmask
