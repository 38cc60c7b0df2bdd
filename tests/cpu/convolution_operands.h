// SPDX-License-Identifier: Apache-2.0
// Drawn operands of a convolution, and what it gives for them.
#pragma once

#include "engine/ops/conv2d.h"
#include "engine/philox.h"

namespace unmask {

inline Tensor drawn(const Shape& shape, const char* stream, double scale) {
    PhiloxSequence random(3, stream);
    Tensor result = Tensor::empty(shape);
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = static_cast<float>(random.uniform(-scale, scale));
    return result;
}

struct ConvolutionOperands {
    Tensor x, weight, bias, residual;
    Conv2dParams params;
    Shape y;

    // With an epilogue: bias, residual and ReLU.
    ConvolutionOperands(const Shape& x_shape, const Shape& weight_shape, double weight_scale,
                        const Conv2dParams& geometry, bool epilogue)
        : x(drawn(x_shape, "x", 1)),
          weight(drawn(weight_shape, "weight", weight_scale)),
          params(geometry),
          y(conv2d_shape(x_shape, weight_shape, geometry)) {
        if (!epilogue) return;
        bias = drawn({weight_shape[0]}, "bias", 1);
        residual = drawn(y, "residual", 1);
        params.activation = Activation::relu;
    }
    // Computed in the dtype; float64 is direct in every mode.
    [[nodiscard]] Tensor forward(DType dtype) const {
        const auto in = [dtype](const Tensor& t) { return t.defined() ? t.to(dtype) : t; };
        Tensor result = Tensor::empty(y, dtype);
        conv2d_forward(dtype == DType::f32 ? x : in(x), dtype == DType::f32 ? weight : in(weight), in(bias),
                       in(residual), result, params);
        return result;
    }
};

}  // namespace unmask
