// SPDX-License-Identifier: Apache-2.0
// Batch norm backward over many rows: two stages of sums, then one pass that writes the gradients.
#pragma once

#include "cuda/batch_norm_apply.cuh"
#include "cuda/batch_norm_gate.cuh"
#include "cuda/batch_norm_stem_pool.cuh"

namespace unmask {

// Rows that a thread takes one after the other before it goes on behind the other blocks: several where they
// share what is read besides.
template <class Function>
constexpr int rows_in_turn = std::is_same_v<Function, GatedSilu> ? 8 : 1;
// Whether registers hold two rows of everything that the sums read, so that their loads are under way
// together.
template <class T, bool extras, class Function>
constexpr bool pairs_rows = !extras && !has_centre<T> && !std::is_same_v<Function, Relu>;
// Blocks that a multiprocessor's registers must hold.
template <class T, bool extras, class Function>
constexpr int gradient_blocks =
    extras || has_centre<T>                                                      ? 2
    : std::is_same_v<Function, MaskedRelu> || std::is_same_v<Function, Identity> ? 4
                                                                                 : 3;
template <class T, bool extras, class Function>
constexpr int sum_blocks = std::is_same_v<Function, GatedSilu> || (std::is_same_v<Function, Silu> && extras)
                               ? 2
                           : std::is_same_v<Function, Identity>
                               ? gradient_blocks<T, extras, Function>
                               : std::min(gradient_blocks<T, extras, Function>, 3);

// parts[branch][chunk][2][channels] = Σg, Σg·(x - mean) over a block's rows, taken from the last to the
// first.
template <class T, int width, bool extras, class Function>
__global__ void __launch_bounds__(block_threads, sum_blocks<T, extras, Function>)
    batch_norm_gradient_parts_kernel(int64_t rows, int channels, GradientTensors<T> tensors,
                                     BatchNormTable table, float* parts) {
    using Source = GradientSource<T, width, Function>;
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const int column = static_cast<int>(threadIdx.x), columns = static_cast<int>(blockDim.x);
    const int lane = static_cast<int>(threadIdx.y), lanes = static_cast<int>(blockDim.y);
    const int channel = (static_cast<int>(blockIdx.y) * columns + column) * width;
    const bool inside = channel < channels;
    const int64_t chunk = blockIdx.x, chunks = gridDim.x;
    Sums plain{}, deviating{};
    if (inside) {
        Affine<T> affine[width];
        float mean[width];
        read_channels(table, channel, affine, mean);
        Source source(tensors, channels, channel);
        // Rows that are `pitch` apart.
        const auto take = [&](auto count, int64_t row, int64_t pitch) {
            constexpr int n = count();
            typename Source::Loaded loaded[n];
#pragma unroll
            for (int k = 0; k < n; ++k) loaded[k] = source.template load<extras>(rows - 1 - row - k * pitch);
#pragma unroll
            for (int k = 0; k < n; ++k) {
                float g[width];
                source.template gradient<extras>(g, rows - 1 - row - k * pitch, loaded[k], affine);
                const Pack<float, width> x = to_floats(loaded[k].x);
#pragma unroll
                for (int i = 0; i < width; ++i) {
                    plain[i] += g[i];
                    deviating[i] += g[i] * (x[i] - mean[i]);
                }
            }
        };
        constexpr int run = rows_in_turn<Function>;
        const auto walk = [&](int64_t row, int64_t end, int64_t pitch) {
            if constexpr (pairs_rows<T, extras, Function>) {
#pragma unroll 1
                for (; row + pitch < end; row += 2 * pitch)
                    take(std::integral_constant<int, 2>{}, row, pitch);
            }
#pragma unroll 1
            for (; row < end; row += pitch) take(std::integral_constant<int, 1>{}, row, pitch);
        };
        if constexpr (run == 1) {
            walk(chunk * lanes + lane, rows, chunks * lanes);
        } else {
#pragma unroll 1
            for (int64_t first = chunk * run * lanes; first < rows; first += chunks * run * lanes)
                walk(first + lane, first + run * lanes < rows ? first + run * lanes : rows, lanes);
        }
    }
    store_sums_of_lanes(shared, plain, deviating, column, columns, lane, lanes, inside,
                        parts + (blockIdx.z * chunks + chunk) * 2 * channels + channel, channels);
}

// Adds the parts up, leaves the coefficients and, where `write`, the gradients of weight and bias. No parts:
// sums of 0.
template <class T>
__global__ void __launch_bounds__(block_threads)
    batch_norm_gradient_merge_kernel(RankParts parts, BatchNormTable table, double share, bool write,
                                     Coefficients coefficients) {
    const int channels = coefficients.channels;
    const int channel = static_cast<int>(blockIdx.x * part_columns + threadIdx.x % part_columns);
    const bool inside = channel < channels;
    double sums[2] = {};  // Σg, Σg·(x - mean)
    for (int rank = 0; rank < parts.ranks && inside; ++rank) {
        const float* part = parts.of(rank) + channel;
#pragma unroll 8
        for (int64_t chunk = threadIdx.x / part_columns; chunk < parts.chunks; chunk += part_lanes) {
            sums[0] += static_cast<double>(part[chunk * parts.pitch()]);
            sums[1] += static_cast<double>(part[chunk * parts.pitch() + channels]);
        }
    }
    sum_part_lanes(sums);
    if (threadIdx.x >= part_columns || !inside) return;
    const GradientLine<T> line(table, channel, static_cast<float>(sums[0]), static_cast<float>(sums[1]),
                               share, write);
    coefficients.put(channel, line.affine);
    coefficients.put_gradient(channel, line.slope, line.constant);
}

// grad_x and grad_residual = g; either may be null.
template <class T, int width, bool extras, class Function>
__global__ void __launch_bounds__(block_threads, gradient_blocks<T, extras, Function>)
    batch_norm_gradient_apply_kernel(int64_t rows, int rows_a_thread, GradientTensors<T> tensors,
                                     Coefficients coefficients) {
    const int channels = coefficients.channels, lanes = static_cast<int>(blockDim.y);
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= channels) return;
    const auto slope = coefficients.row<width>(Coefficients::slope, channel);
    const auto constant = coefficients.row<width>(Coefficients::constant, channel);
    Affine<T> affine[width];
    coefficients.read(channel, affine);
    GradientSource<T, width, Function> source(tensors, channels, channel);
    T *grad_x = source.grad_x, *grad_residual = source.grad_residual;
    if (grad_x == nullptr && grad_residual == nullptr) return;
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * rows_a_thread * lanes + threadIdx.y;
#pragma unroll 1
    for (int step = 0; step < rows_a_thread; ++step) {
        const int64_t row = begin + static_cast<int64_t>(step) * lanes;
        if (row >= rows) return;
        const int64_t first = source.place(row);
        const auto loaded = source.template load<extras>(row);
        float g[width];
        source.template gradient<extras>(g, row, loaded, affine);
        const Pack<float, width> x = to_floats(loaded.x);
        Pack<T, width> in, before;
#pragma unroll
        for (int i = 0; i < width; ++i) {
            const float value = x[i];
            before[i] = from_float<T>(g[i]);
            in[i] =
                from_float<T>(affine[i].scale * g[i] +
                              (slope[i] * (has_centre<T> ? value - affine[i].centre : value) + constant[i]));
        }
        if (grad_x != nullptr) store_pack<width>(grad_x + first, in);
        if (grad_residual != nullptr) store_pack<width>(grad_residual + first, before);
    }
}

}  // namespace unmask
