// SPDX-License-Identifier: Apache-2.0
// Forward convolution as a product of matrices, y [pixels, O] = patches(x) [pixels, taps · C] · weightᵀ,
// group by group, over weights in whatever form a packer reads them.
#pragma once

#include "cpu/gemm.h"
#include "cpu/patches.h"
#include "cpu/scratch.h"
#include "engine/ops/conv2d.h"

namespace unmask {

struct Conv2dDimensions {
    int64_t images, height, width, channels;  // of x
    int64_t out_height, out_width, out_channels;
    int64_t kernel_height, kernel_width;
    int64_t groups, group_channels, group_out_channels;

    Conv2dDimensions(const Shape& x, const Shape& weight, const Shape& y, const Conv2dParams& params)
        : images(x[0]),
          height(x[1]),
          width(x[2]),
          channels(x[3]),
          out_height(y[1]),
          out_width(y[2]),
          out_channels(y[3]),
          kernel_height(weight[1]),
          kernel_width(weight[2]),
          groups(params.groups),
          group_channels(weight[3]),
          group_out_channels(weight[0] / params.groups) {}

    [[nodiscard]] int64_t taps() const { return kernel_height * kernel_width; }
    [[nodiscard]] int64_t out_pixels() const { return images * out_height * out_width; }
};

// What the kernel sees of x's channels of one group, in the order of the weights [kh, kw, C]; at most one
// segment a tap.
template <class T>
Patches<T> input_patches(const T* x, const Conv2dDimensions& d, const Conv2dParams& params, int64_t group,
                         const Scratch<PatchSegment>& segments) {
    Patches<T> patches{x, d.height, d.width, d.channels, d.out_height, d.out_width};
    patches.memory = segments.data();
    patches.step = {params.stride[0], params.stride[1]};
    for (int64_t p = 0; p < d.kernel_height; ++p) {
        const int64_t row = p * params.dilation[0] - params.padding_before[0];
        const int64_t origin = -params.padding_before[1] * d.channels + group * d.group_channels;
        if (d.groups == 1 && params.dilation[1] == 1) {
            patches.append(row, origin, d.kernel_width * d.channels);
            continue;
        }
        for (int64_t q = 0; q < d.kernel_width; ++q)
            patches.append(row, origin + q * params.dilation[1] * d.channels, d.group_channels);
    }
    return patches;
}

// Whether the matrix of patches is x itself.
inline bool is_pointwise(const Conv2dDimensions& d, const Conv2dParams& params) {
    constexpr std::array<int, 2> ones{1, 1}, zeros{0, 0};
    return d.taps() == 1 && params.stride == ones && params.padding_before == zeros &&
           params.padding_after == zeros;
}

// columns_of(channel, k): packs the weights of the output channels from `channel` on, k to a channel, as the
// right operand (see gemm_blocks).
template <class T, class ColumnsOf>
void conv2d_as_product(const Tensor& x, const Shape& weight, const Tensor& bias, const Tensor& residual,
                       Tensor& y, const Conv2dParams& params, const ColumnsOf& columns_of) {
    const Conv2dDimensions d(x.shape(), weight, y.shape(), params);
    const GemmSizes sizes{d.out_pixels(), d.group_out_channels, d.taps() * d.group_channels};
    const Scratch<PatchSegment> segments(d.taps());
    for (int64_t group = 0; group < d.groups; ++group) {
        const int64_t channel = group * d.group_out_channels;
        const auto columns = columns_of(channel, sizes.k);
        const GemmEpilogue<T> epilogue{bias.defined() ? bias.data<T>() + channel : nullptr,
                                       residual.defined() ? residual.data<T>() + channel : nullptr,
                                       params.activation};
        const MatrixStore store{y.data<T>() + channel, [&d](int64_t row) { return row * d.out_channels; },
                                epilogue};
        if (is_pointwise(d, params)) {
            const MatrixView<T> pixels{x.data<T>() + group * d.group_channels, d.channels, 1};
            gemm_blocks<T>(sizes, MatrixRowPacker<T>{pixels}, columns, store);
        } else {
            const Patches<T> patches = input_patches(x.data<T>(), d, params, group, segments);
            gemm_blocks<T>(sizes, PatchRowPacker<T, GemmBlocks<T>::depth>{patches}, columns, store);
        }
    }
}

}  // namespace unmask
