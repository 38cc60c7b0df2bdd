// SPDX-License-Identifier: Apache-2.0
#include "cpu/depthwise_conv2d.h"

#include "cpu/channel_products.h"
#include "cpu/gemm.h"
#include "cpu/parallel.h"

namespace unmask {

template <class T>
void depthwise_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                       Tensor& y, const Conv2dParams& params) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    const int64_t out_height = y.dim(1), out_width = y.dim(2);
    const int64_t kernel_height = weight.dim(1), kernel_width = weight.dim(2);
    const Scratch<T> packed(weight.numel());
    channels_last(weight, packed.data());
    const T *in = x.data<T>(), *taps = packed.data();
    const T* start = bias.defined() ? bias.data<T>() : nullptr;
    const T* added = residual.defined() ? residual.data<T>() : nullptr;
    parallel_rows(y.dim(0) * out_height, out_width * channels, [&](int64_t begin, int64_t end) {
        Products<T> products(kernel_height * kernel_width);
        for (int64_t line = begin; line < end; ++line) {
            const int64_t n = line / out_height,
                          top = line % out_height * params.stride[0] - params.padding_before[0];
            T* out = y.data<T>() + line * out_width * channels;
            const int64_t reach = (kernel_width - 1) * params.dilation[1];
            bool shiftable =
                false;  // the taps of this pixel are those of the one before, moved by the stride
            for (int64_t j = 0; j < out_width; ++j) {
                const int64_t left = j * params.stride[1] - params.padding_before[1];
                const bool inside = left >= 0 && left + reach < width;
                if (inside && shiftable) {
                    for (Product<T>& product : products) product.a += params.stride[1] * channels;
                    sum_of_products(products, start, out + j * channels, channels);
                    continue;
                }
                shiftable = inside;
                products.clear();
                for (int64_t p = 0; p < kernel_height; ++p) {
                    const int64_t row = top + p * params.dilation[0];
                    if (row < 0 || row >= height) continue;
                    for (int64_t q = 0; q < kernel_width; ++q) {
                        const int64_t column = left + q * params.dilation[1];
                        if (column < 0 || column >= width) continue;
                        products.append(in + ((n * height + row) * width + column) * channels,
                                        taps + (p * kernel_width + q) * channels);
                    }
                }
                sum_of_products(products, start, out + j * channels, channels);
            }
            apply_epilogue<T>(out, nullptr, added == nullptr ? nullptr : added + line * out_width * channels,
                              params.activation, static_cast<int>(out_width * channels));
        }
    });
}

template void depthwise_forward<float>(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                       const Conv2dParams&);
template void depthwise_forward<double>(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                        const Conv2dParams&);

}  // namespace unmask
