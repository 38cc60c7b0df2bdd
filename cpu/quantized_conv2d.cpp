// SPDX-License-Identifier: Apache-2.0
// Quantized convolution in plain C++: a patch of the input at a time as 16-bit integers, multiplied by every
// filter of its group, sums in 32 bits.
#include "cpu/quantized_conv2d.h"

#include "cpu/parallel.h"
#include "cpu/quantize.h"
#include "cpu/scratch.h"
#include "cpu/winograd_quantized_conv2d.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct Geometry {
    int64_t height, width, channels;              // of x
    int64_t out_height, out_width, outputs;       // of y
    int64_t kernel_height, kernel_width, inputs;  // of a filter
    const QuantizedConv2dParams& params;
};

// What the filters of group g see at output pixel (i, j) of the image: [kh, kw, inputs], zeros beyond the
// border.
template <class T>
void take_patch(const T* image, const Geometry& at, int64_t i, int64_t j, int64_t g, int16_t* patch) {
    const Conv2dParams& conv = at.params.conv;
    for (int64_t p = 0; p < at.kernel_height; ++p)
        for (int64_t q = 0; q < at.kernel_width; ++q, patch += at.inputs) {
            const int64_t row = i * conv.stride[0] - conv.padding_before[0] + p * conv.dilation[0];
            const int64_t column = j * conv.stride[1] - conv.padding_before[1] + q * conv.dilation[1];
            if (row < 0 || row >= at.height || column < 0 || column >= at.width) {
                std::fill_n(patch, at.inputs, int16_t{0});
            } else {
                const T* from = image + (row * at.width + column) * at.channels + g * at.inputs;
                for (int64_t c = 0; c < at.inputs; ++c) patch[c] = from[c];
            }
        }
}

int32_t dot(const int16_t* patch, const int8_t* filter, int64_t length) {
    int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < length; ++k) sum += int32_t{patch[k]} * int16_t{filter[k]};
    return sum;
}

int32_t element(const Tensor& tensor, int64_t index) {
    return tensor.dtype() == DType::u8 ? int32_t{tensor.data<uint8_t>()[index]}
                                       : int32_t{tensor.data<int8_t>()[index]};
}

template <class X, class Y>
void run(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
         const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
    const Geometry at{x.dim(1), x.dim(2),      x.dim(3),      y.dim(1),      y.dim(2),
                      y.dim(3), weight.dim(1), weight.dim(2), weight.dim(3), params};
    const int64_t length = at.kernel_height * at.kernel_width * at.inputs;
    const int64_t group_outputs = at.outputs / params.conv.groups;
    const bool relu = params.conv.activation == Activation::relu;
    const auto line_of_pixels = [&](int64_t line) {
        const Scratch<int16_t> patch(length);
        const X* image = x.data<X>() + line / at.out_height * at.height * at.width * at.channels;
        for (int64_t j = 0; j < at.out_width; ++j)
            for (int64_t o = 0; o < at.outputs; ++o) {
                if (o % group_outputs == 0)
                    take_patch(image, at, line % at.out_height, j, o / group_outputs, patch.data());
                const auto sum =
                    static_cast<float>(dot(patch.data(), weight.data<int8_t>() + o * length, length));
                const int64_t place = (line * at.out_width + j) * at.outputs + o;
                float value = multiplier.data<float>()[o] * (sum + bias.data<float>()[o]);
                if (residual.defined()) value += static_cast<float>(element(residual, place));
                if (relu) value = std::max(value, 0.0f);
                y.data<Y>()[place] = saturated<Y>(params.factor * value);
            }
    };
    parallel_for(y.dim(0) * at.out_height, 1, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) line_of_pixels(line);
    });
}

}  // namespace

void portable_quantized_conv2d(const Tensor& x, const Tensor& weight, const Tensor& multiplier,
                               const Tensor& bias, const Tensor& residual, Tensor& y,
                               const QuantizedConv2dParams& params) {
    UNMASK_ASSERT(params.conv.activation == Activation::none || params.conv.activation == Activation::relu);
    if (winograd_quantized_forward(x, weight, multiplier, bias, residual, y, params)) return;
    const auto with_result = [&]<class X>(X) {
        if (y.dtype() == DType::u8)
            run<X, uint8_t>(x, weight, multiplier, bias, residual, y, params);
        else
            run<X, int8_t>(x, weight, multiplier, bias, residual, y, params);
    };
    if (x.dtype() == DType::u8)
        with_result(uint8_t{});
    else
        with_result(int8_t{});
}

namespace {
const KernelEntry entry{quantized_conv2d_forward, Backend::portable, &portable_quantized_conv2d};
}

}  // namespace unmask
