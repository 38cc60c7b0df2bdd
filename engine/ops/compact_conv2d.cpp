// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/compact_conv2d.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/check.h"
#include "engine/ops/matmul.h"

namespace unmask {
namespace {

constexpr std::string_view format_names[] = {"f32", "bf16", "int8"};
constexpr float largest_level = 127.0f;

void check_scale(const Tensor& values, const Tensor& scale) {
    if (values.dtype() != DType::i8) return;
    if (!scale.defined() || scale.dtype() != DType::f32 || scale.shape() != Shape{values.dim(0)})
        fail("compact weight: expected {} scales for {}, found {}", values.dim(0), values.shape().str(),
             scale.defined() ? scale.shape().str() : "none");
}

void check_on_the_cpu(const Tensor& tensor) {
    if (tensor.device() != cpu_device)
        fail("compact weight: expected a tensor on the CPU, found one on {}", name_of(tensor.device()));
}

void check_added(const char* name, const Tensor& operand, const Tensor& x, const Shape& expected) {
    check_same_kind("compact conv2d", Variable(x), Variable(operand));
    check_shape("compact conv2d", name, operand.shape(), expected);
}

}  // namespace

WeightFormat parse_weight_format(std::string_view name) {
    for (size_t i = 0; i < std::size(format_names); ++i)
        if (format_names[i] == name) return static_cast<WeightFormat>(i);
    fail("expected weights in f32, bf16 or int8, found '{}'", name);
}

std::string_view name_of(WeightFormat format) {
    return format_names[static_cast<size_t>(format)];
}

CompactWeight CompactWeight::to(Device device) const {
    return {values.to(device), scale.defined() ? scale.to(device) : Tensor()};
}

CompactWeight compact_weight(const Tensor& weight, WeightFormat format) {
    if (weight.rank() < 1 || weight.dtype() != DType::f32)
        fail("compact weight: expected f32 of rank 1 or more, found {} {}", name_of(weight.dtype()),
             weight.shape().str());
    check_on_the_cpu(weight);
    if (format == WeightFormat::f32) return {weight, {}};
    if (format == WeightFormat::bf16) return {weight.to(DType::bf16), {}};
    const int64_t rows = weight.dim(0), row = rows == 0 ? 0 : weight.numel() / rows;
    CompactWeight result{Tensor::empty(weight.shape(), DType::i8), Tensor::empty({rows})};
    for (int64_t o = 0; o < rows; ++o) {
        const float* from = weight.data<float>() + o * row;
        float largest = 0.0f;
        for (int64_t i = 0; i < row; ++i) largest = std::max(largest, std::abs(from[i]));
        const float scale = largest / largest_level;
        result.scale.data<float>()[o] = scale;
        int8_t* to = result.values.data<int8_t>() + o * row;
        for (int64_t i = 0; i < row; ++i)
            to[i] = scale > 0.0f ? static_cast<int8_t>(std::clamp(std::nearbyint(from[i] / scale),
                                                                  -largest_level, largest_level))
                                 : int8_t{0};
    }
    return result;
}

Tensor expanded(const CompactWeight& weight) {
    check_scale(weight.values, weight.scale);
    check_on_the_cpu(weight.values);
    if (weight.scale.defined()) check_on_the_cpu(weight.scale);
    if (weight.values.dtype() != DType::i8) return weight.values.to(DType::f32);
    const Tensor result = Tensor::empty(weight.values.shape());
    const int64_t rows = result.dim(0), row = rows == 0 ? 0 : result.numel() / rows;
    for (int64_t o = 0; o < rows; ++o)
        for (int64_t i = o * row; i < (o + 1) * row; ++i)
            result.data<float>()[i] =
                weight.scale.data<float>()[o] * static_cast<float>(weight.values.data<int8_t>()[i]);
    return result;
}

Tensor compact_conv2d(const Tensor& x, const CompactWeight& weight, const Tensor& bias,
                      const Tensor& residual, const Conv2dOptions& options, Activation activation) {
    if (weight.values.dtype() == x.dtype())
        return conv2d_fused(x, weight.values, bias, residual, options, activation);
    if (x.dtype() != DType::f32 ||
        (weight.values.dtype() != DType::bf16 && weight.values.dtype() != DType::i8))
        fail("compact conv2d: expected an input in f32 and weights in bf16 or i8, found {} and {}",
             name_of(x.dtype()), name_of(weight.values.dtype()));
    check_scale(weight.values, weight.scale);
    check_same_device("compact conv2d", x, weight.values);
    if (weight.scale.defined()) check_same_device("compact conv2d", x, weight.scale);
    Conv2dParams params = conv2d_params(x.shape(), weight.values.shape(), options);
    if (params.groups != 1) fail("compact conv2d: expected 1 group, found {}", params.groups);
    params.activation = activation;
    const Shape shape = conv2d_shape(x.shape(), weight.values.shape(), params);
    if (bias.defined()) check_added("bias", bias, x, {weight.values.dim(0)});
    if (residual.defined()) check_added("residual", residual, x, shape);
    Tensor y = Tensor::empty(shape, DType::f32, x.device());
    compact_conv2d_forward(x, weight.values, weight.scale, bias, residual, y, params);
    return y;
}

Tensor compact_linear(const Tensor& x, const CompactWeight& weight, const Tensor& bias,
                      Activation activation) {
    check_rank("compact linear", "input [N, C]", x.shape(), 2);
    check_rank("compact linear", "weight [O, C]", weight.values.shape(), 2);
    if (weight.values.dtype() == x.dtype()) return linear_fused(x, weight.values, bias, activation);
    const int64_t outputs = weight.values.dim(0), inputs = weight.values.dim(1);
    const CompactWeight filters{weight.values.reshape({outputs, 1, 1, inputs}), weight.scale};
    return compact_conv2d(x.reshape({x.dim(0), 1, 1, x.dim(1)}), filters, bias, {}, {}, activation)
        .reshape({x.dim(0), outputs});
}

}  // namespace unmask
