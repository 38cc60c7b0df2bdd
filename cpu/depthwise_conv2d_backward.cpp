// SPDX-License-Identifier: Apache-2.0
// Gradients of convolutions with one input and one output channel a group.
#include <algorithm>

#include "cpu/channel_products.h"
#include "cpu/depthwise_conv2d.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

// The output index that reads input `index` through `tap`, or -1.
int64_t reader(int64_t index, int64_t tap, int64_t stride, int64_t padding, int64_t dilation,
               int64_t outputs) {
    const int64_t distance = index + padding - tap * dilation;
    if (distance < 0 || distance % stride != 0 || distance / stride >= outputs) return -1;
    return distance / stride;
}

// Σ_j a[j · step_a + c] · b[j · step_b + c] added to totals[c] for `vectors` registers of channels from c = 0
// on.
template <int vectors, class T>
void add_row_products(const T* a, int64_t step_a, const T* b, int64_t step_b, int64_t count, double* totals) {
    using Vectors = Simd<T>;
    typename Vectors::Vector sums[vectors];
    for (auto& sum : sums) sum = typename Vectors::Vector{};
    for (int64_t j = 0; j < count; ++j)
        for (int v = 0; v < vectors; ++v)
            sums[v] += Vectors::at(a + j * step_a + v * Vectors::lanes) *
                       Vectors::at(b + j * step_b + v * Vectors::lanes);
    T row[vectors * Vectors::lanes];
    for (int v = 0; v < vectors; ++v) Vectors::at(row + v * Vectors::lanes) = sums[v];
#pragma omp simd
    for (int c = 0; c < vectors * Vectors::lanes; ++c) totals[c] += static_cast<double>(row[c]);
}

// The same for all channels.
template <class T>
void add_row_products(const T* a, int64_t step_a, const T* b, int64_t step_b, int64_t count, double* totals,
                      int64_t channels) {
    constexpr int lanes = Simd<T>::lanes, block = 4;
    int64_t c = 0;
    for (; c + block * lanes <= channels; c += block * lanes)
        add_row_products<block>(a + c, step_a, b + c, step_b, count, totals + c);
    for (; c + lanes <= channels; c += lanes)
        add_row_products<1>(a + c, step_a, b + c, step_b, count, totals + c);
    for (; c < channels; ++c) {
        T sum = 0;
        for (int64_t j = 0; j < count; ++j) sum += a[j * step_a + c] * b[j * step_b + c];
        totals[c] += static_cast<double>(sum);
    }
}

}  // namespace

template <class T>
void depthwise_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                             const Conv2dParams& params) {
    const int64_t height = grad_x.dim(1), width = grad_x.dim(2), channels = grad_x.dim(3);
    const int64_t out_height = grad_y.dim(1), out_width = grad_y.dim(2);
    const int64_t kernel_height = weight.dim(1), kernel_width = weight.dim(2);
    const Scratch<T> packed(weight.numel());
    channels_last(weight, packed.data());
    const T *gradient = grad_y.data<T>(), *taps = packed.data();
    parallel_rows(grad_x.dim(0) * height, width * channels, [&](int64_t begin, int64_t end) {
        Products<T> products(kernel_height * kernel_width);
        for (int64_t line = begin; line < end; ++line) {
            const int64_t n = line / height;
            for (int64_t column = 0; column < width; ++column) {
                products.clear();
                for (int64_t p = 0; p < kernel_height; ++p) {
                    const int64_t i = reader(line % height, p, params.stride[0], params.padding_before[0],
                                             params.dilation[0], out_height);
                    if (i < 0) continue;
                    for (int64_t q = 0; q < kernel_width; ++q) {
                        const int64_t j = reader(column, q, params.stride[1], params.padding_before[1],
                                                 params.dilation[1], out_width);
                        if (j < 0) continue;
                        products.append(gradient + ((n * out_height + i) * out_width + j) * channels,
                                        taps + (p * kernel_width + q) * channels);
                    }
                }
                sum_of_products<T>(products, nullptr, grad_x.data<T>() + (line * width + column) * channels,
                                   channels);
            }
        }
    });
}

template <class T>
void depthwise_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                               const Conv2dParams& params) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    const int64_t out_height = grad_y.dim(1), out_width = grad_y.dim(2);
    const int64_t kernel_height = grad_weight.dim(1), kernel_width = grad_weight.dim(2);
    const int64_t count = kernel_height * kernel_width, lines = grad_y.dim(0) * out_height;
    const int64_t parts = std::clamp<int64_t>(lines / 8, 1, 32), part_lines = (lines + parts - 1) / parts;
    const Tensor partials = Tensor::zeros({parts, count, channels}, DType::f64);
    const int64_t stride = params.stride[1], dilation = params.dilation[1],
                  padding = params.padding_before[1];
    parallel_for(parts, 1, [&](int64_t part, int64_t) {
        double* totals = partials.data<double>() + part * count * channels;
        for (int64_t line = part * part_lines; line < std::min(lines, (part + 1) * part_lines); ++line)
            for (int64_t p = 0; p < kernel_height; ++p) {
                const int64_t row =
                    line % out_height * params.stride[0] - params.padding_before[0] + p * params.dilation[0];
                if (row < 0 || row >= height) continue;
                const T* in = x.data<T>() + (line / out_height * height + row) * width * channels;
                for (int64_t q = 0; q < kernel_width; ++q) {
                    const int64_t shift = q * dilation - padding;  // input column = j · stride + shift
                    const int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
                    const int64_t last =
                        width > shift ? std::min(out_width, (width - 1 - shift) / stride + 1) : 0;
                    if (first >= last) continue;
                    add_row_products(grad_y.data<T>() + (line * out_width + first) * channels, channels,
                                     in + (first * stride + shift) * channels, stride * channels,
                                     last - first, totals + (p * kernel_width + q) * channels, channels);
                }
            }
    });
    const double* totals = partials.data<double>();
    T* out = grad_weight.data<T>();
    parallel_rows(channels, count * parts, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c)
            for (int64_t tap = 0; tap < count; ++tap) {
                double sum = 0;
                for (int64_t part = 0; part < parts; ++part)
                    sum += totals[(part * count + tap) * channels + c];
                out[c * count + tap] = static_cast<T>(sum);
            }
    });
}

#define UNMASK_INSTANTIATE(T)                                                                             \
    template void depthwise_backward_data<T>(const Tensor&, const Tensor&, Tensor&, const Conv2dParams&); \
    template void depthwise_backward_weight<T>(const Tensor&, const Tensor&, Tensor&, const Conv2dParams&);
UNMASK_INSTANTIATE(float)
UNMASK_INSTANTIATE(double)
#undef UNMASK_INSTANTIATE

}  // namespace unmask
