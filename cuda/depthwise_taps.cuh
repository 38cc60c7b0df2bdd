// SPDX-License-Identifier: Apache-2.0
// What the depthwise convolutions share. A thread takes `width` neighbouring channels (4 where they fit: 8
// would need twice the registers for sums and taps) of a strip of neighbouring pixels in a row, so that each
// value that it reads serves several taps; the lanes of a block take strips below each other, whose rows
// overlap in the cache. At stride 1 strips have 7 outputs, as the maps of networks for 224 pixels are
// multiples of 7 wide.
#pragma once

#include "cuda/channel_tiles.cuh"
#include "engine/ops/conv2d.h"

namespace unmask {

struct DepthwiseShape {
    int height, width;          // of the map that the taps are laid over
    int out_height, out_width;  // of the other
    int channels;
    int stride_y, stride_x, pad_top, pad_left;
    int images;

    // Where a pixel's channels begin in the map under the taps, and in the other; also for a column outside.
    __device__ int64_t place(int image, int row, int column) const {
        return ((static_cast<int64_t>(image) * height + row) * width + column) * channels;
    }
    __device__ int64_t out_place(int image, int row, int column) const {
        return ((static_cast<int64_t>(image) * out_height + row) * out_width + column) * channels;
    }
};

// The strips of a map, one below the other, then those to their right, then the next image.
struct Strips {
    unsigned height, across;  // rows, and strips in each
    int64_t count;            // in all images

    Strips(int images, int rows, int columns, int length)
        : height(static_cast<unsigned>(rows)),
          across(static_cast<unsigned>((columns + length - 1) / length)),
          count(static_cast<int64_t>(images) * rows * across) {
        UNMASK_ASSERT(count <= INT32_MAX);
    }
    struct Place {
        int image, row, strip;
    };
    __device__ Place place(int64_t index) const {
        const auto item = static_cast<unsigned>(index);
        const unsigned line = item / height;
        return {static_cast<int>(line / across), static_cast<int>(item % height),
                static_cast<int>(line % across)};
    }
};

// The first channel of a thread and its strip, when blocks take the tiles of channels in turn, then `lanes`
// more strips.
struct DepthwiseThread {
    int first_channel, channel, lane;
    int64_t group;  // of `lanes` strips

    __device__ DepthwiseThread(const ChannelTiles& tiles, int width) {
        const unsigned tile = blockIdx.x % tiles.tiles;
        first_channel = static_cast<int>(tile) * tiles.columns * width;
        channel = first_channel + static_cast<int>(threadIdx.x) * width;
        lane = static_cast<int>(threadIdx.y);
        group = blockIdx.x / tiles.tiles;
    }
};

// Outputs of a strip. S: the stride both ways, or 0 for any stride.
template <int S>
constexpr int depthwise_strip = S == 0   ? 1
                                : S == 1 ? 7
                                         : 4;
// Blocks that a multiprocessor's registers must hold.
template <class T, int K>
constexpr int depthwise_blocks = K == 5 || sizeof(T) == 4 ? 2 : 3;

template <int width>
constexpr int depthwise_columns = width == 1 ? 64 : 16;

// A block's taps in shared memory: a row [tap] of tiles.pitch packs, of which the first are the columns', so
// that a channel's taps, which neighbouring threads write, lie in many banks: eight where a pack has 4
// floats. With an even pitch all 25 of 5 x 5 may lie in one.
template <int K, int width>
constexpr int depthwise_tap_packs = (depthwise_columns<width> + 1) * K* K;

// Fills them, in float32, from weight [C, K, K, 1]; turned: the last tap first. All threads must take part.
template <int K, int width, class T>
__device__ void load_taps(Pack<float, width>* taps, const T* weight, const ChannelTiles& tiles,
                          int first_channel, int channels, bool turned) {
    const int threads = static_cast<int>(blockDim.x * blockDim.y);
    const int tile_channels = tiles.columns * width, row = tiles.pitch * width;
    float* flat = reinterpret_cast<float*>(taps);
    for (int i = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x); i < tile_channels * K * K;
         i += threads) {
        const int own = i / (K * K), tap = i % (K * K), channel = first_channel + own;
        flat[(turned ? K * K - 1 - tap : tap) * row + own] =
            channel < channels ? to_float(weight[static_cast<int64_t>(channel) * K * K + tap]) : 0.0f;
    }
    __syncthreads();
}

template <class T, int width>
__device__ void store_sums(T* to, const Pack<float, width>& sums) {
    Pack<T, width> result;
#pragma unroll
    for (int i = 0; i < width; ++i) result[i] = from_float<T>(sums[i]);
    store_pack<width>(to, result);
}

// The elements in float32, zeros where not `inside`. The load depends on no branch that others would wait
// for.
template <int width, class T>
__device__ Pack<float, width> load_inside(const T* from, bool inside) {
    constexpr int bytes = width * sizeof(T);
    if constexpr (bytes % 4 == 0) {
        Pack<unsigned, bytes / 4> words{};
        if (inside) words = load_pack<bytes / 4>(reinterpret_cast<const unsigned*>(from));
        Pack<T, width> values;
        __builtin_memcpy(static_cast<void*>(&values), &words, sizeof(values));
        return to_floats(values);
    } else {
        Pack<T, width> values{};
        if (inside) values = load_pack<width>(from);
        return to_floats(values);
    }
}

// sums += values · factors
template <int width>
__device__ void add_products(Pack<float, width>& sums, const Pack<float, width>& values,
                             const Pack<float, width>& factors) {
#pragma unroll
    for (int i = 0; i < width; ++i) sums[i] += values[i] * factors[i];
}

}  // namespace unmask
