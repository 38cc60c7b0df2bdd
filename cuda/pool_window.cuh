// SPDX-License-Identifier: Apache-2.0
// Which inputs a pooling window reads, and which windows read an input.
#pragma once

#include "cuda/index.cuh"
#include "engine/ops/pool.h"

namespace unmask {

struct PoolRange {
    int64_t begin, end;
    __device__ int64_t size() const { return end - begin; }
};

// Windows of one axis. Inputs that lie between windows have no readers.
struct PoolAxis {
    int64_t inputs, outputs;
    int kernel, stride, padding;

    __device__ int64_t start(int64_t output) const { return output * stride - padding; }
    __device__ PoolRange window(int64_t output) const {
        const int64_t first = start(output), end = first + kernel;
        return {first < 0 ? 0 : first, end < inputs ? end : inputs};
    }
    __device__ PoolRange readers(int64_t input) const {
        const int64_t reach = input + padding, before = reach - kernel, end = quotient(reach, stride) + 1;
        return {before < 0 ? 0 : quotient(before, stride) + 1, end < outputs ? end : outputs};
    }
};

// Axis 0: rows, 1: columns.
inline PoolAxis pool_axis(const Tensor& x, const Tensor& y, size_t axis, const Pool2dParams& params) {
    const int i = static_cast<int>(axis) + 1;
    return {x.dim(i), y.dim(i), params.kernel[axis], params.stride[axis], params.padding[axis]};
}

// [floor(i·H / H'), ceil((i + 1)·H / H')).
struct AdaptiveAxis {
    int64_t inputs, outputs;

    __device__ PoolRange window(int64_t output) const { return meeting(output, inputs, outputs); }
    __device__ PoolRange readers(int64_t input) const { return meeting(input, outputs, inputs); }
    static __device__ PoolRange meeting(int64_t i, int64_t from, int64_t to) {
        return {quotient(i * from, to), quotient((i + 1) * from + to - 1, to)};
    }
};

// What a window's sum is divided by: its inputs, or the kernel's taps where padding counts.
struct PoolDivisor {
    int64_t taps;  // 0: count the inputs
    __device__ float operator()(PoolRange rows, PoolRange columns) const {
        return static_cast<float>(taps != 0 ? taps : rows.size() * columns.size());
    }
};

// The maximum over a window of what load(row, column) gives in float32, and its place there, row-major. A NaN
// wins, the last one in its window.
template <int N>
struct WindowMaximum {
    Pack<float, N> best;
    Pack<int, N> winner;

    template <class Load>
    __device__ WindowMaximum(const PoolAxis& rows, const PoolAxis& columns, int64_t i, int64_t j, Load load) {
        const PoolRange window_rows = rows.window(i), window_columns = columns.window(j);
        const int64_t first_row = rows.start(i), first_column = columns.start(j);
        const auto tap_of = [&](int64_t row, int64_t column) {
            return static_cast<int>((row - first_row) * columns.kernel + column - first_column);
        };
#pragma unroll
        for (int k = 0; k < N; ++k) {
            best[k] = -INFINITY;
            winner[k] = tap_of(window_rows.begin, window_columns.begin);
        }
        for (int64_t row = window_rows.begin; row < window_rows.end; ++row)
            for (int64_t column = window_columns.begin; column < window_columns.end; ++column) {
                const Pack<float, N> values = load(row, column);
                const int tap = tap_of(row, column);
#pragma unroll
                for (int k = 0; k < N; ++k) {
                    const bool larger = values[k] > best[k] || values[k] != values[k];
                    best[k] = larger ? values[k] : best[k];
                    winner[k] = larger ? tap : winner[k];
                }
            }
    }
};

// grad_x = the sum of add_term(sums, offset in y, i, j) over the windows (i, j) that hold the pixel.
template <int N, class T, class Axis, class AddTerm>
__device__ void gather_windows(int64_t pack, const NhwcPlace& place, const Axis& rows, const Axis& columns,
                               int64_t channels, T* grad_x, AddTerm add_term) {
    const PoolRange readers = rows.readers(place.row), column_readers = columns.readers(place.column);
    Pack<float, N> sums{};
    for (int64_t i = readers.begin; i < readers.end; ++i)
        for (int64_t j = column_readers.begin; j < column_readers.end; ++j)
            add_term(sums,
                     ((place.image * rows.outputs + i) * columns.outputs + j) * channels + place.channel, i,
                     j);
    Pack<T, N> result;
#pragma unroll
    for (int k = 0; k < N; ++k) result[k] = from_float<T>(sums[k]);
    store_pack<N>(grad_x + pack * N, result);
}

}  // namespace unmask
