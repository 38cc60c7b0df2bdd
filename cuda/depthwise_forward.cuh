// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution forward, and the data gradient at stride 1 (the same over grad_y with turned taps).
// Memory: x once and y once is the floor. A strip of 7 outputs (4 at stride 2) reads K rows of 6 + K values;
// all but the first reading of each come from L1 or L2. The taps lie in shared memory.
#pragma once

#include "cuda/depthwise_taps.cuh"
#include "cuda/epilogue.cuh"

namespace unmask {

template <class T, int width, int K, int S>
__global__ void __launch_bounds__(block_threads, depthwise_blocks<T, K>)
    depthwise_forward_kernel(DepthwiseShape shape, ChannelTiles tiles, Strips strips, int share, const T* x,
                             const T* weight, bool turned, Epilogue<T> epilogue, T* y) {
    constexpr int strip = depthwise_strip<S>, reach = (strip - 1) * S + K;
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, taps, (depthwise_tap_packs<K, width>));
    const DepthwiseThread thread(tiles, width);
    load_taps<K, width>(taps, weight, tiles, thread.first_channel, shape.channels, turned);
    if (thread.channel >= shape.channels) return;
#pragma unroll 1
    for (int group = 0; group < share; ++group) {
        const int64_t item = (thread.group * share + group) * tiles.lanes + thread.lane;
        if (item >= strips.count) return;
        const auto [image, out_row, strip_index] = strips.place(item);
        const int out_column = strip_index * strip;
        const int row = out_row * (S == 0 ? shape.stride_y : S) - shape.pad_top;
        const int column = out_column * (S == 0 ? shape.stride_x : S) - shape.pad_left;

        Sums sums[strip] = {};
#pragma unroll 1
        for (int p = 0; p < K; ++p) {
            const int in_row = row + p;
            if (in_row < 0 || in_row >= shape.height) continue;
            Sums row_taps[K];
#pragma unroll
            for (int q = 0; q < K; ++q) row_taps[q] = taps[(p * K + q) * tiles.pitch + threadIdx.x];
            const T* line = x + shape.place(image, in_row, column) + thread.channel;
#pragma unroll
            for (int i = 0; i < reach; ++i) {
                const Sums values =
                    load_inside<width>(line + i * shape.channels, static_cast<unsigned>(column + i) <
                                                                      static_cast<unsigned>(shape.width));
#pragma unroll
                for (int j = 0; j < strip; ++j)
                    if (i - j * S >= 0 && i - j * S < K) add_products(sums[j], values, row_taps[i - j * S]);
            }
        }
        const int64_t place = shape.out_place(image, out_row, out_column) + thread.channel;
#pragma unroll
        for (int j = 0; j < strip; ++j) {
            if (out_column + j >= shape.out_width) continue;
            const int64_t here = place + static_cast<int64_t>(j) * shape.channels;
            store_pack<width>(y + here, epilogue(sums[j], thread.channel, here));
        }
    }
}

}  // namespace unmask
