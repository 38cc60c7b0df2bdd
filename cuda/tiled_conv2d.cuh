// SPDX-License-Identifier: Apache-2.0
// Convolution over operands that cuDNN does not take: a block's threads sum the products of `tile` pixels of
// y and `tile` of its channels, tile by tile of a filter's elements through shared memory. Every sum is made
// by one thread in the order [kh, kw, c].
#pragma once

#include "cuda/index.cuh"
#include "engine/ops/conv2d.h"

namespace unmask {

constexpr int conv_tile = 16;

struct TiledConv2d {
    int64_t height, width, channels;              // of x
    int64_t pixels, out_height, out_width;        // of y
    int64_t outputs, group_outputs;               // channels of y, of a group
    int64_t kernel_height, kernel_width, inputs;  // of a filter
    int stride[2], padding[2], dilation[2];

    TiledConv2d(const Tensor& x, const Tensor& weight, const Tensor& y, const Conv2dParams& params)
        : height(x.dim(1)),
          width(x.dim(2)),
          channels(x.dim(3)),
          pixels(y.dim(0) * y.dim(1) * y.dim(2)),
          out_height(y.dim(1)),
          out_width(y.dim(2)),
          outputs(y.dim(3)),
          group_outputs(y.dim(3) / params.groups),
          kernel_height(weight.dim(1)),
          kernel_width(weight.dim(2)),
          inputs(weight.dim(3)) {
        for (int axis = 0; axis < 2; ++axis) {
            stride[axis] = params.stride[axis];
            padding[axis] = params.padding_before[axis];
            dilation[axis] = params.dilation[axis];
        }
    }

    // Where the filters of a group find their element k for a pixel of y; -1 beyond the border.
    __device__ int64_t place(int64_t pixel, int64_t k, int64_t group) const {
        const int64_t line = quotient(pixel, out_width), image = quotient(line, out_height);
        const int64_t tap = quotient(k, inputs), tap_row = quotient(tap, kernel_width);
        const int64_t row = (line - image * out_height) * stride[0] - padding[0] + tap_row * dilation[0];
        const int64_t column = (pixel - line * out_width) * stride[1] - padding[1] +
                               (tap - tap_row * kernel_width) * dilation[1];
        if (row < 0 || row >= height || column < 0 || column >= width) return -1;
        return ((image * height + row) * width + column) * channels + group * inputs + (k - tap * inputs);
    }
};

// finish(sum, o, place) with the sum of output channel o, for element `place` of y.
template <class Sum, class X, class Weight, class Finish>
__global__ void tiled_conv2d_kernel(TiledConv2d at, const X* x, const Weight* weight, Finish finish) {
    UNMASK_SHARED(Sum, values, conv_tile * conv_tile);
    UNMASK_SHARED(Sum, filters, conv_tile * (conv_tile + 1));
    const int column = static_cast<int>(threadIdx.x), row = static_cast<int>(threadIdx.y);
    const int64_t group = blockIdx.z, length = at.kernel_height * at.kernel_width * at.inputs;
    const int64_t pixel = static_cast<int64_t>(blockIdx.x) * conv_tile + row;
    const int64_t first = static_cast<int64_t>(blockIdx.y) * conv_tile;  // output channel within the group
    const int64_t loaded = first + row, own = first + column;
    Sum sum = 0;
    for (int64_t begin = 0; begin < length; begin += conv_tile) {
        const int64_t k = begin + column;
        const int64_t place = pixel < at.pixels && k < length ? at.place(pixel, k, group) : -1;
        values[row * conv_tile + column] = place < 0 ? Sum{0} : static_cast<Sum>(x[place]);
        filters[row * (conv_tile + 1) + column] =
            loaded < at.group_outputs && k < length
                ? static_cast<Sum>(weight[(group * at.group_outputs + loaded) * length + k])
                : Sum{0};
        __syncthreads();
        for (int i = 0; i < conv_tile; ++i)
            sum += values[row * conv_tile + i] * filters[column * (conv_tile + 1) + i];
        __syncthreads();
    }
    const int64_t o = group * at.group_outputs + own;
    if (pixel < at.pixels && own < at.group_outputs) finish(sum, o, pixel * at.outputs + o);
}

template <class Sum, class X, class Weight, class Finish>
void launch_tiled_conv2d(Stream stream, const TiledConv2d& at, const X* x, const Weight* weight,
                         Finish finish) {
    if (at.pixels == 0 || at.outputs == 0) return;
    const dim3 grid(blocks_for(at.pixels, conv_tile), blocks_for(at.group_outputs, conv_tile),
                    static_cast<unsigned>(at.outputs / at.group_outputs));
    UNMASK_ASSERT(grid.y <= 65535 && grid.z <= 65535);
    UNMASK_LAUNCH((tiled_conv2d_kernel<Sum, X, Weight, Finish>), grid, dim3(conv_tile, conv_tile), 0, stream,
                  at, x, weight, finish);
}

}  // namespace unmask
