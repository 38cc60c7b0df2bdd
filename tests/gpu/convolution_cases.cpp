// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/convolution_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/compute.h"
#include "engine/error.h"
#include "engine/ops/activation.h"
#include "engine/ops/cast.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

// A few images over and over, since drawing on the host takes long.
Tensor repeated(const Shape& shape, DType dtype, Device device) {
    Shape few = shape;
    few.set(0, std::min<int64_t>(shape[0], 3));
    const Tensor drawn = projection(few, DType::f32).to(dtype).to(device);
    Tensor result = Tensor::empty(shape, dtype, device);
    for (int64_t begin = 0; begin < shape[0]; begin += few[0]) {
        const int64_t count = std::min(few[0], shape[0] - begin);
        result.rows(begin, begin + count).copy_from(drawn.rows(0, count));
    }
    return result;
}

Shape weight_of(const Geometry& geometry) {
    return {geometry.out, geometry.kernel, geometry.kernel, geometry.in};
}

Variable in_float32(const Tensor& tensor) {
    return cast(Variable(tensor), DType::f32);
}

}  // namespace

std::string Geometry::name() const {
    return fmt::format("{}x{}x{} to {}, kernel {}, stride {}", size, size, in, out, kernel, stride);
}

Geometry as_held_in(DType dtype, Geometry geometry) {
    if (geometry.size == 224)
        geometry.in = gpu_image_channels(dtype == DType::bf16 ? Precision::bf16 : Precision::f32);
    return geometry;
}

const char* name_of(ConvolutionPart part) {
    switch (part) {
        case ConvolutionPart::forward:
            return "forward";
        case ConvolutionPart::data:
            return "gradient of x";
        case ConvolutionPart::added_data:
            return "gradient of x that is added to";
        case ConvolutionPart::weight:
            return "gradient of the weight";
        case ConvolutionPart::relu:
            return "with bias and relu";
        case ConvolutionPart::residual:
            return "with bias, residual and relu";
        case ConvolutionPart::silu:
            return "with bias and silu";
    }
    return "";
}

bool is_forward(ConvolutionPart part) {
    return part == ConvolutionPart::forward || part >= ConvolutionPart::relu;
}

ConvolutionCase::ConvolutionCase(const Geometry& geometry, int64_t images, DType dtype, Device device)
    : params_(conv2d_params({images, geometry.size, geometry.size, geometry.in}, weight_of(geometry),
                            {.stride = {geometry.stride, geometry.stride},
                             .padding = {geometry.kernel / 2, geometry.kernel / 2}})) {
    const Shape x{images, geometry.size, geometry.size, geometry.in}, weight = weight_of(geometry);
    x_ = repeated(x, dtype, device);
    weight_ = projection(weight, DType::f32).to(dtype).to(device);
    y_ = repeated(conv2d_shape(x, weight, params_), dtype, device);
    bias_ = projection({geometry.out}, DType::f32).to(dtype).to(device);
}

Tensor ConvolutionCase::compute(ConvolutionPart part) const {
    return compute(part, std::cref(conv2d_forward));
}

Tensor ConvolutionCase::compute(ConvolutionPart part, const Forward& forward) const {
    Tensor result;
    Conv2dParams fused = params_;
    switch (part) {
        case ConvolutionPart::forward:
            result = Tensor::empty_like(y_);
            forward(x_, weight_, Tensor(), Tensor(), result, params_);
            break;
        case ConvolutionPart::relu:
        case ConvolutionPart::residual:
        case ConvolutionPart::silu:
            result = Tensor::empty_like(y_);
            fused.activation = part == ConvolutionPart::silu ? Activation::silu : Activation::relu;
            forward(x_, weight_, bias_, part == ConvolutionPart::residual ? y_ : Tensor(), result, fused);
            break;
        case ConvolutionPart::data:
            result = Tensor::empty_like(x_);
            conv2d_backward_data(y_, weight_, result, params_, false);
            break;
        case ConvolutionPart::added_data:
            result = x_.clone();
            conv2d_backward_data(y_, weight_, result, params_, true);
            break;
        case ConvolutionPart::weight:
            result = Tensor::empty_like(weight_);
            conv2d_backward_weight(y_, x_, result, params_);
            break;
    }
    return result;
}

ConvolutionCase ConvolutionCase::clone() const {
    ConvolutionCase copy = *this;
    for (Tensor* tensor : {&copy.x_, &copy.weight_, &copy.y_, &copy.bias_}) *tensor = tensor->clone();
    return copy;
}

int64_t ConvolutionCase::read_bytes() const {
    return static_cast<int64_t>(x_.bytes() + weight_.bytes());
}

Variable ConvolutionCase::expected(ConvolutionPart part) const {
    if (part == ConvolutionPart::added_data)
        return in_float32(x_) + in_float32(compute(ConvolutionPart::data));
    if (part < ConvolutionPart::relu) return in_float32(compute(part));
    Variable y = in_float32(compute(ConvolutionPart::forward)) + in_float32(bias_);
    if (part == ConvolutionPart::residual) y = y + in_float32(y_);
    return part == ConvolutionPart::silu ? silu(y) : relu(y);
}

double relative_distance(const Tensor& found, const Variable& expected) {
    const double apart = sum(square(in_float32(found) - expected)).value().item(),
                 whole = sum(square(expected)).value().item();
    return std::sqrt(apart / whole);
}

}  // namespace unmask
