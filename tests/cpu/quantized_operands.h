// SPDX-License-Identifier: Apache-2.0
// Operands of quantized convolutions, and their exact result.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/ops/quantized_conv2d.h"
#include "engine/philox.h"

namespace unmask {

// Levels over the whole range of the dtype, the largest ones often.
[[nodiscard]] inline Tensor levels(const Shape& shape, DType dtype, uint64_t seed) {
    const Philox random(seed, "levels");
    std::vector<float> values(static_cast<size_t>(shape.numel()));
    for (size_t i = 0; i < values.size(); ++i) {
        const float wide = 1.6f * random.uniform(0, i) - 0.8f;
        values[i] = dtype == DType::u8 ? std::clamp(std::round(255.0f * (wide + 0.5f)), 0.0f, 255.0f)
                                       : std::clamp(std::round(160.0f * wide), -127.0f, 127.0f);
    }
    Tensor result = Tensor::empty(shape, dtype);
    for (size_t i = 0; i < values.size(); ++i)
        if (dtype == DType::u8)
            result.data<uint8_t>()[i] = static_cast<uint8_t>(values[i]);
        else
            result.data<int8_t>()[i] = static_cast<int8_t>(values[i]);
    return result;
}

// The result before it is rounded and clamped.
[[nodiscard]] inline std::vector<double> exact_levels(const Tensor& x, const CompactWeight& weight,
                                                      const Tensor& bias, const Tensor& residual,
                                                      const ConvolutionScales& scales, const Shape& y,
                                                      const Conv2dParams& params, Activation activation) {
    const Shape& w = weight.values.shape();
    const std::vector<double> in = x.to_doubles(), filters = weight.values.to_doubles(),
                              added = residual.defined() ? residual.to_doubles() : std::vector<double>();
    std::vector<double> result;
    for (int64_t n = 0; n < y[0]; ++n)
        for (int64_t i = 0; i < y[1]; ++i)
            for (int64_t j = 0; j < y[2]; ++j)
                for (int64_t o = 0; o < y[3]; ++o) {
                    double sum = 0;
                    for (int64_t p = 0; p < w[1]; ++p)
                        for (int64_t q = 0; q < w[2]; ++q) {
                            const int64_t row =
                                i * params.stride[0] - params.padding_before[0] + p * params.dilation[0];
                            const int64_t column =
                                j * params.stride[1] - params.padding_before[1] + q * params.dilation[1];
                            if (row < 0 || row >= x.dim(1) || column < 0 || column >= x.dim(2)) continue;
                            const int64_t first = o / (w[0] / params.groups) * w[3];
                            for (int64_t c = 0; c < w[3]; ++c)
                                sum += in[size_t(((n * x.dim(1) + row) * x.dim(2) + column) * x.dim(3) +
                                                 first + c)] *
                                       filters[size_t(((o * w[1] + p) * w[2] + q) * w[3] + c)];
                        }
                    double value = double(scales.input) * double(weight.scale.data<float>()[o]) * sum +
                                   double(bias.data<float>()[o]);
                    if (residual.defined()) value += double(scales.residual) * added[result.size()];
                    if (activation == Activation::relu) value = std::max(value, 0.0);
                    result.push_back(value / double(scales.output));
                }
    return result;
}

}  // namespace unmask
