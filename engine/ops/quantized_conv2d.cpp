// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/quantized_conv2d.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/ops/check.h"
#include "engine/ops/quantize.h"

namespace unmask {
namespace {

// Products of the largest u8 and the largest weight that a sum in 32 bits holds.
constexpr int64_t most_products = std::numeric_limits<int32_t>::max() / (255 * 127);
// A channel whose sums are worth less than this is nothing in float32 beside any bias.
constexpr float least_unit = 1e-30f;

bool is_8_bit(const Tensor& tensor) {
    return tensor.dtype() == DType::u8 || tensor.dtype() == DType::i8;
}

void check_scale(const char* name, float scale) {
    if (!std::isfinite(scale) || scale <= 0.0f)
        fail("quantized conv2d: expected a positive, finite {} scale, found {}", name, scale);
}

void freeze(const QuantizedFilters& filters) {
    for (const Tensor* tensor : {&filters.weight, &filters.multiplier, &filters.bias})
        tensor->buffer()->freeze();
}

}  // namespace

QuantizedFilters QuantizedFilters::to(Device device) const {
    const QuantizedFilters moved{weight.to(device), multiplier.to(device), bias.to(device), factor};
    freeze(moved);
    return moved;
}

QuantizedFilters quantized_filters(const CompactWeight& weight, const Tensor& bias,
                                   const ConvolutionScales& scales) {
    const Tensor& values = weight.values;
    if (values.dtype() != DType::i8 || values.device() != cpu_device)
        fail("quantized conv2d: expected weights in i8 on the CPU, found {} on {}", name_of(values.dtype()),
             name_of(values.device()));
    check_rank("quantized conv2d", "weight [O, kh, kw, C / groups]", values.shape(), 4);
    const int64_t outputs = values.dim(0), row = outputs == 0 ? 0 : values.numel() / outputs;
    if (row > most_products)
        fail("quantized conv2d: expected filters of at most {} weights, whose sums 32 bits hold, found {}",
             most_products, values.shape().str());
    check_shape("quantized conv2d", "weight scales", weight.scale.shape(), {outputs});
    check_shape("quantized conv2d", "bias", bias.shape(), {outputs});
    for (const Tensor* each : {&weight.scale, &bias})
        if (each->dtype() != DType::f32 || each->device() != cpu_device)
            fail("quantized conv2d: expected weight scales and bias in f32 on the CPU, found {} on {}",
                 name_of(each->dtype()), name_of(each->device()));
    check_scale("input", scales.input);
    check_scale("output", scales.output);
    const bool has_residual = scales.residual != 0.0f;
    if (has_residual) check_scale("residual", scales.residual);
    const float unit = has_residual ? scales.residual : scales.output;
    QuantizedFilters result{Tensor::empty(values.shape(), DType::i8), Tensor::empty({outputs}),
                            Tensor::empty({outputs}), has_residual ? scales.residual / scales.output : 1.0f};
    for (int64_t o = 0; o < outputs; ++o) {
        float of_sum = scales.input * weight.scale.data<float>()[o];
        int8_t* to = result.weight.data<int8_t>() + o * row;
        if (of_sum >= least_unit) {
            std::memcpy(to, values.data<int8_t>() + o * row, static_cast<size_t>(row));
        } else {
            std::memset(to, 0, static_cast<size_t>(row));
            of_sum = unit;
        }
        result.multiplier.data<float>()[o] = of_sum / unit;
        result.bias.data<float>()[o] = bias.data<float>()[o] / of_sum;
    }
    freeze(result);
    return result;
}

Tensor quantized_conv2d(const Tensor& x, const QuantizedFilters& filters, const Tensor& residual,
                        const Conv2dOptions& options, Activation activation) {
    if (!is_8_bit(x)) fail("quantized conv2d: expected an input in u8 or i8, found {}", name_of(x.dtype()));
    if (activation != Activation::none && activation != Activation::relu)
        fail("quantized conv2d: expected ReLU or no activation, found {}", name_of(activation));
    for (const Tensor* operand : {&filters.weight, &filters.multiplier, &filters.bias})
        check_same_device("quantized conv2d", x, *operand);
    if (residual.defined()) check_same_device("quantized conv2d", x, residual);
    QuantizedConv2dParams params{conv2d_params(x.shape(), filters.weight.shape(), options), filters.factor};
    params.conv.activation = activation;
    Tensor y = Tensor::empty(conv2d_shape(x.shape(), filters.weight.shape(), params.conv),
                             quantized_dtype(activation), x.device());
    if (residual.defined()) {
        check_shape("quantized conv2d", "residual", residual.shape(), y.shape());
        if (!is_8_bit(residual))
            fail("quantized conv2d: expected a residual in u8 or i8, found {}", name_of(residual.dtype()));
    }
    quantized_conv2d_forward(x, filters.weight, filters.multiplier, filters.bias, residual, y, params);
    return y;
}

}  // namespace unmask
