// SPDX-License-Identifier: Apache-2.0
// How blocks cover rows of channels, [R, C]: neighbouring threads take neighbouring channels, `width` each,
// and what is left of the block takes several rows at a time ("lanes"). And sums over lanes and over the
// parts that blocks leave, in an order that depends on the shapes alone.
#pragma once

#include "cuda/device.cuh"

namespace unmask {

struct ChannelTiles {
    int columns = 1;     // threads along the channels
    int lanes = 1;       // rows at a time
    int pitch = 1;       // columns, or one more: odd, for the rows of an array in shared memory
    unsigned tiles = 1;  // blocks along the channels

    [[nodiscard]] dim3 block() const {
        return dim3(static_cast<unsigned>(columns), static_cast<unsigned>(lanes));
    }
};

// At most `most_columns` threads along the channels; tiles that do not hold whole rows begin at a multiple of
// 4 · width channels. `share`: threads that take the same row and channels (the taps of a kernel); there is
// room for a lane of them.
inline ChannelTiles channel_tiles(int64_t channels, int width, int64_t most_columns, int share = 1) {
    UNMASK_ASSERT(channels > 0 && channels <= INT32_MAX - 1024 && channels % width == 0);
    const int64_t packs = channels / width;
    most_columns = std::min<int64_t>(most_columns, block_threads / share / 4 * 4);
    ChannelTiles result;
    int64_t columns = packs;
    if (packs > most_columns) {
        const int64_t tiles = (packs + most_columns - 1) / most_columns;
        columns = ((packs + tiles - 1) / tiles + 3) / 4 * 4;
    }
    result.columns = static_cast<int>(columns);
    result.tiles = static_cast<unsigned>((packs + columns - 1) / columns);
    result.lanes = block_threads / share / result.columns;
    result.pitch = result.columns | 1;
    return result;
}

// Whether `width` channels are accessed at once: rows and pointers (null counts) are aligned for it.
template <class T, class... Pointers>
bool can_take(int width, int64_t channels, Pointers... pointers) {
    return channels % width == 0 && (is_aligned(pointers, sizeof(T) * static_cast<size_t>(width)) && ...);
}

// Rows that `chunk` of `chunks` blocks take of `rows`, when the blocks take `lanes` rows in turn.
__device__ inline int64_t chunk_rows(int64_t rows, int64_t lanes, int64_t chunks, int64_t chunk) {
    const int64_t turn = lanes * chunks, whole = rows / turn;
    int64_t rest = rows - whole * turn - chunk * lanes;
    rest = rest < 0 ? 0 : rest > lanes ? lanes : rest;
    return whole * lanes + rest;
}

// Sums each of `width` values over the lanes of a block: shared[lane][columns] of packs; the result is in
// lane 0's pack. All threads must take part.
template <int width>
__device__ void sum_lanes(Pack<float, width>* shared, int column, int columns, int lane, int lanes) {
    for (int active = lanes; active > 1;) {
        const int half = (active + 1) / 2;
        __syncthreads();
        if (lane + half < active) {
            Pack<float, width>& own = shared[lane * columns + column];
            const Pack<float, width>& other = shared[(lane + half) * columns + column];
#pragma unroll
            for (int i = 0; i < width; ++i) own[i] += other[i];
        }
        active = half;
    }
    __syncthreads();
}

// ---- the second stage: 256 threads fold the parts of 4 columns, 64 lanes each, or of 32, where parts are
// few ----

constexpr int part_columns = 4, part_lanes = block_threads / part_columns;
constexpr int few_parts = 64, few_part_columns = 32;

// The sums of `count` values over the block's lanes, in every thread: thread t has column t % columns. Once
// for a kernel; all threads must take part.
template <int columns = part_columns, int count>
__device__ void sum_part_lanes(double (&values)[count]) {
    UNMASK_SHARED(double, shared, block_threads* count);
    const int thread = static_cast<int>(threadIdx.x);
#pragma unroll
    for (int i = 0; i < count; ++i) shared[i * block_threads + thread] = values[i];
    for (int half = block_threads / columns / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread >= half * columns) continue;
#pragma unroll
        for (int i = 0; i < count; ++i)
            shared[i * block_threads + thread] += shared[i * block_threads + thread + half * columns];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < count; ++i) values[i] = shared[i * block_threads + thread % columns];
}

// finish(column, sum): the sums of parts [count, all_columns] over count; a block takes `columns` of them.
template <int columns, class Finish>
__global__ void __launch_bounds__(block_threads)
    sum_parts_kernel(const float* parts, int64_t count, int64_t all_columns, Finish finish) {
    const int64_t column = static_cast<int64_t>(blockIdx.x) * columns + threadIdx.x % columns;
    double sum[1] = {};
    if (column < all_columns)
#pragma unroll 8
        for (int64_t part = threadIdx.x / columns; part < count; part += block_threads / columns)
            sum[0] += static_cast<double>(parts[part * all_columns + column]);
    sum_part_lanes<columns>(sum);
    if (threadIdx.x < columns && column < all_columns) finish(column, static_cast<float>(sum[0]));
}

template <class Finish>
void launch_sum_parts(Stream stream, const float* parts, int64_t count, int64_t columns, Finish finish) {
    if (count <= few_parts)
        UNMASK_LAUNCH((sum_parts_kernel<few_part_columns, Finish>), blocks_for(columns, few_part_columns),
                      block_threads, 0, stream, parts, count, columns, finish);
    else
        UNMASK_LAUNCH((sum_parts_kernel<part_columns, Finish>), blocks_for(columns, part_columns),
                      block_threads, 0, stream, parts, count, columns, finish);
}

}  // namespace unmask
