// SPDX-License-Identifier: Apache-2.0
// The gradients of the depthwise convolution: of the data at stride 2 and at any stride, gathered, and of the
// weights in two stages.
#pragma once

#include "cuda/depthwise_taps.cuh"

namespace unmask {

// grad_x at stride 2. A strip of 8 columns begins where column + padding is even, so that each of the
// 4 + (K - 1) / 2 values of grad_y that it reads meets fixed taps; a row meets every second row of taps.
// Floor: grad_y once and grad_x once.
template <class T, int width, int K>
__global__ void __launch_bounds__(block_threads, K == 5 ? 2 : 3)
    depthwise_halved_gradient_kernel(DepthwiseShape shape, ChannelTiles tiles, Strips strips, int share,
                                     const T* grad_y, const T* weight, T* grad_x) {
    constexpr int strip = 8, before = (K - 1) / 2;
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, taps, (depthwise_tap_packs<K, width>));
    const DepthwiseThread thread(tiles, width);
    load_taps<K, width>(taps, weight, tiles, thread.first_channel, shape.channels, false);
    if (thread.channel >= shape.channels) return;
#pragma unroll 1
    for (int group = 0; group < share; ++group) {
        const int64_t item = (thread.group * share + group) * tiles.lanes + thread.lane;
        if (item >= strips.count) return;
        const auto [image, row, strip_index] = strips.place(item);
        const int first = strip_index * strip / 2 + shape.pad_left / 2;  // of grad_y, at tap 0 of column 0
        const int column = strip_index * strip - shape.pad_left % 2;

        Sums sums[strip] = {};
#pragma unroll 1
        for (int p = (row + shape.pad_top) % 2; p < K; p += 2) {
            const int out_row = (row + shape.pad_top - p) / 2;
            if (row + shape.pad_top < p || out_row >= shape.out_height) continue;
            Sums row_taps[K];
#pragma unroll
            for (int q = 0; q < K; ++q) row_taps[q] = taps[(p * K + q) * tiles.pitch + threadIdx.x];
            const T* line = grad_y + shape.out_place(image, out_row, first) + thread.channel;
#pragma unroll
            for (int d = -before; d < strip / 2; ++d) {
                const Sums values =
                    load_inside<width>(line + d * shape.channels, static_cast<unsigned>(first + d) <
                                                                      static_cast<unsigned>(shape.out_width));
#pragma unroll
                for (int q = 0; q < K; ++q)
                    if (2 * d + q >= 0 && 2 * d + q < strip)
                        add_products(sums[2 * d + q], values, row_taps[q]);
            }
        }
        T* line = grad_x + shape.place(image, row, column) + thread.channel;
#pragma unroll
        for (int j = 0; j < strip; ++j) {
            if (static_cast<unsigned>(column + j) >= static_cast<unsigned>(shape.width)) continue;
            store_sums(line + static_cast<int64_t>(j) * shape.channels, sums[j]);
        }
    }
}

// grad_x at any stride, a pixel at a time.
template <class T, int width, int K>
__global__ void __launch_bounds__(block_threads)
    depthwise_any_gradient_kernel(DepthwiseShape shape, ChannelTiles tiles, Strips strips, const T* grad_y,
                                  const T* weight, T* grad_x) {
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, taps, (depthwise_tap_packs<K, width>));
    const DepthwiseThread thread(tiles, width);
    load_taps<K, width>(taps, weight, tiles, thread.first_channel, shape.channels, false);
    const int64_t item = thread.group * tiles.lanes + thread.lane;
    if (thread.channel >= shape.channels || item >= strips.count) return;
    const auto [image, row, column] = strips.place(item);
    Sums sums{};
    for (int p = 0; p < K; ++p) {
        const int down = row + shape.pad_top - p;
        if (down < 0 || down % shape.stride_y != 0 || down / shape.stride_y >= shape.out_height) continue;
        for (int q = 0; q < K; ++q) {
            const int right = column + shape.pad_left - q;
            if (right < 0 || right % shape.stride_x != 0 || right / shape.stride_x >= shape.out_width)
                continue;
            const int64_t place = shape.out_place(image, down / shape.stride_y, right / shape.stride_x);
            add_products(sums, to_floats(load_pack<width>(grad_y + place + thread.channel)),
                         taps[(p * K + q) * tiles.pitch + threadIdx.x]);
        }
    }
    store_sums(grad_x + shape.place(image, row, column) + thread.channel, sums);
}

template <class T>
constexpr int weight_parts_blocks = sizeof(T) == 4 ? 2 : 3;  // that a multiprocessor's registers must hold

// parts[chunk][tap][channel] = Σ grad_y · x over the chunk's strips of outputs. A thread takes one row of
// taps, its neighbours in y the others, so that grad_y and all rows of x but one come from the cache. Floor:
// grad_y once and x once; the parts add at most a few percent.
template <class T, int width, int K, int S>
__global__ void __launch_bounds__(block_threads, weight_parts_blocks<T>)
    depthwise_weight_parts_kernel(DepthwiseShape shape, ChannelTiles tiles, Strips strips,
                                  int64_t chunk_strips, const T* grad_y, const T* x, float* parts) {
    constexpr int strip = depthwise_strip<S>, reach = (strip - 1) * S + K;
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const DepthwiseThread thread(tiles, width);
    const int p = thread.lane, lane = static_cast<int>(threadIdx.z);  // y: the row of taps
    const bool inside = thread.channel < shape.channels;
    const int64_t begin = thread.group * chunk_strips;
    const int64_t end = begin + chunk_strips < strips.count ? begin + chunk_strips : strips.count;

    Sums sums[K] = {};
    for (int64_t item = begin + lane; inside && item < end; item += tiles.lanes) {
        const auto [image, out_row, strip_index] = strips.place(item);
        const int out_column = strip_index * strip;
        const int row = out_row * (S == 0 ? shape.stride_y : S) - shape.pad_top + p;
        const int column = out_column * (S == 0 ? shape.stride_x : S) - shape.pad_left;
        if (row < 0 || row >= shape.height) continue;
        const T* gradient_line = grad_y + shape.out_place(image, out_row, out_column) + thread.channel;
        Sums gradients[strip];
#pragma unroll
        for (int j = 0; j < strip; ++j)
            gradients[j] =
                load_inside<width>(gradient_line + j * shape.channels, out_column + j < shape.out_width);
        const T* line = x + shape.place(image, row, column) + thread.channel;
#pragma unroll
        for (int i = 0; i < reach; ++i) {
            const Sums factors =
                load_inside<width>(line + i * shape.channels,
                                   static_cast<unsigned>(column + i) < static_cast<unsigned>(shape.width));
#pragma unroll
            for (int j = 0; j < strip; ++j)
                if (i - j * S >= 0 && i - j * S < K) add_products(sums[i - j * S], gradients[j], factors);
        }
    }
    const int place = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    const int places = static_cast<int>(blockDim.x * blockDim.y);
#pragma unroll
    for (int q = 0; q < K; ++q) {
        Sums& own = shared[lane * places + place];
        own = sums[q];
        sum_lanes(shared, place, places, lane, tiles.lanes);
        if (lane == 0 && inside)
            store_pack<width>(parts + (thread.group * K * K + p * K + q) * shape.channels + thread.channel,
                              own);
        __syncthreads();
    }
}

// Stores sum number tap · C + c as element [c, tap] of grad_weight.
template <class T>
struct WriteWeightGradient {
    T* grad_weight;
    int channels, taps;
    __device__ void operator()(int64_t index, float sum) const {
        const int64_t tap = index / channels, channel = index % channels;
        grad_weight[channel * taps + tap] = from_float<T>(sum);
    }
};

}  // namespace unmask
