// SPDX-License-Identifier: Apache-2.0
// The statistics of batch norm over many rows, in two stages: blocks leave the mean and the sum of squared
// deviations of their rows, then the parts of each channel are merged in float64.
#pragma once

#include "cuda/batch_norm_apply.cuh"

namespace unmask {

// parts[branch][chunk][2][channels]: mean and Σ(x - mean)² of the rows that a block takes. They are summed
// from a value of the block's own rows on, so that large means don't cancel. Blocks go from the last row to
// the first: the end of what was written just before may still be in the cache, and the next pass starts
// where this one ends.
template <class T, int width>
__global__ void __launch_bounds__(block_threads)
    batch_norm_parts_kernel(int64_t rows, int channels, BatchNormTensors<T> tensors, float* parts) {
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const int column = static_cast<int>(threadIdx.x), columns = static_cast<int>(blockDim.x);
    const int lane = static_cast<int>(threadIdx.y), lanes = static_cast<int>(blockDim.y);
    const int channel = (static_cast<int>(blockIdx.y) * columns + column) * width;
    const bool inside = channel < channels;
    const int64_t chunk = blockIdx.x, chunks = gridDim.x;
    float origin[width] = {};
    Pack<float, width> sum{}, squares{};
    if (inside) {
        const T* x = tensors.own().x;
        const auto place = [&](int64_t row) { return x + (rows - 1 - row) * channels + channel; };
        const Pack<T, width> first = load_pack<width>(place(chunk * lanes));
#pragma unroll
        for (int i = 0; i < width; ++i) origin[i] = to_float(first[i]);
        const int64_t turn = chunks * lanes;
        const auto take = [&](auto count, int64_t row) {
            constexpr int n = count();
            Pack<T, width> loaded[n];
#pragma unroll
            for (int k = 0; k < n; ++k) loaded[k] = load_pack<width>(place(row + k * turn));
#pragma unroll
            for (int k = 0; k < n; ++k) {
                const Pack<float, width> values = to_floats(loaded[k]);
#pragma unroll
                for (int i = 0; i < width; ++i) {
                    const float deviation = values[i] - origin[i];
                    sum[i] += deviation;
                    squares[i] += deviation * deviation;
                }
            }
        };
        constexpr int batch = 64 / (width * sizeof(T)) > 4 ? 4 : 64 / (width * sizeof(T));
        int64_t row = chunk * lanes + lane;
#pragma unroll 1
        for (; row + (batch - 1) * turn < rows; row += batch * turn)
            take(std::integral_constant<int, batch>{}, row);
#pragma unroll 1
        for (; row < rows; row += turn) take(std::integral_constant<int, 1>{}, row);
    }
    Pack<float, width>& own = shared[lane * columns + column];
    own = sum;
    sum_lanes(shared, column, columns, lane, lanes);
    if (lane == 0) sum = own;
    __syncthreads();
    own = squares;
    sum_lanes(shared, column, columns, lane, lanes);
    if (lane != 0 || !inside) return;
    squares = own;
    const auto count = static_cast<float>(chunk_rows(rows, lanes, chunks, chunk));
#pragma unroll
    for (int i = 0; i < width; ++i) {
        const float offset = sum[i] / count;
        squares[i] = squares[i] - sum[i] * offset;
        sum[i] = origin[i] + offset;
    }
    float* part = parts + (blockIdx.z * chunks + chunk) * 2 * channels + channel;
    store_pack<width>(part, sum);
    store_pack<width>(part + channels, squares);
}

// Merges the parts in one pass over them,
//     M2 = Σ (M2ᵢ + nᵢ · (meanᵢ - o)²) - n · (mean - o)², o the first part's mean,
// moves the running statistics and leaves the coefficients.
template <class T>
__global__ void __launch_bounds__(block_threads)
    batch_norm_merge_kernel(RankParts parts, int lanes, BatchNormTable table, StatisticsRule rule,
                            int64_t rows, Coefficients coefficients) {
    const int channels = coefficients.channels;
    const int channel = static_cast<int>(blockIdx.x * part_columns + threadIdx.x % part_columns);
    const bool inside = channel < channels;
    const int64_t pitch = parts.pitch(), chunks = parts.chunks;
    // Deviations are taken from one part's mean, if that is finite, so that large means don't cancel.
    const double one = inside ? static_cast<double>(parts.of(0)[channel]) : 0.0;
    const double origin = one - one == 0.0 ? one : 0.0;
    double sums[2] = {};  // Σ n · (mean - origin), Σ (M2 + n · (mean - origin)²)
    for (int rank = 0; rank < parts.ranks && inside; ++rank) {
        const float* part = parts.of(rank) + channel;
#pragma unroll 8
        for (int64_t chunk = threadIdx.x / part_columns; chunk < chunks; chunk += part_lanes) {
            const double offset = static_cast<double>(part[chunk * pitch]) - origin;
            const double weighted = offset * static_cast<double>(chunk_rows(rows, lanes, chunks, chunk));
            sums[0] += weighted;
            sums[1] += static_cast<double>(part[chunk * pitch + channels]) + weighted * offset;
        }
    }
    sum_part_lanes(sums);
    const double offset = sums[0] * rule.share, mean = origin + offset;
    const double difference = sums[1] - sums[0] * offset, squares = difference < 0.0 ? 0.0 : difference;
    if (threadIdx.x >= part_columns || !inside) return;
    const BatchNormTable::Group& group = table.of(channel);
    const int own = channel % table.size;
    const auto inverse = static_cast<float>(1.0 / sqrt(squares * rule.share + rule.eps));
    rule.keep(group, own, mean, squares, inverse);
    coefficients.put(channel,
                     Affine<T>(static_cast<float>(mean), inverse, group.weight[own], group.bias[own]));
}

// Inference: the running statistics instead of the batch's.
template <class T>
__global__ void batch_norm_running_kernel(BatchNormTable table, double eps, Coefficients coefficients) {
    const int channel = static_cast<int>(global_thread());
    if (channel >= coefficients.channels) return;
    const BatchNormTable::Group& group = table.of(channel);
    const int own = channel % table.size;
    const float mean = group.running_mean[own];
    const auto inverse =
        static_cast<float>(1.0 / sqrt(static_cast<double>(group.running_variance[own]) + eps));
    group.saved_mean[own] = mean;
    group.saved_inverse_deviation[own] = inverse;
    coefficients.put(channel, Affine<T>(mean, inverse, group.weight[own], group.bias[own]));
}

}  // namespace unmask
