// SPDX-License-Identifier: Apache-2.0
// Batch norm backward in training over few rows, in one kernel: as forward in batch_norm_small.cuh.
#pragma once

#include "cuda/batch_norm_gradient.cuh"
#include "cuda/batch_norm_small.cuh"

namespace unmask {

template <class T, int width, class Function>
__global__ void __launch_bounds__(block_threads)
    batch_norm_small_gradient_kernel(int rows, int channels, GradientSource<T, width, Function> source,
                                     BatchNormTable table, double share, T* grad_x, T* grad_residual) {
    constexpr int columns = small_columns<width>, lanes = block_threads / columns, held = width == 1 ? 8 : 2;
    UNMASK_SHARED(float, shared, block_threads / 32 * columns * width);
    const int lane = static_cast<int>(threadIdx.x) / columns;
    const int channel =
        (static_cast<int>(blockIdx.x) * columns + static_cast<int>(threadIdx.x) % columns) * width;
    const bool inside = channel < channels;
    const int end = inside ? rows : 0;
    const auto place = [&](int row) { return static_cast<int64_t>(row) * channels + channel; };

    Affine<T> affine[width] = {};
    float mean[width] = {};
    if (inside) read_channels(table, channel, affine, mean);
    struct Row {
        float g[width];
        Pack<T, width> x;
    };
    const auto load = [&](int row) {
        Row result;
        const auto loaded = source.load(place(row));
        source.template gradient<true>(result.g, place(row), loaded, affine);
        result.x = loaded.x;
        return result;
    };
    Row kept[held];
#pragma unroll
    for (int k = 0; k < held; ++k)
        if (lane + k * lanes < end) kept[k] = load(lane + k * lanes);
    // function(row, its values) for every row of the thread.
    const auto for_rows = [&](auto function) {
#pragma unroll
        for (int k = 0; k < held; ++k)
            if (lane + k * lanes < end) function(lane + k * lanes, kept[k]);
        for (int row = lane + held * lanes; row < end; row += lanes) function(row, load(row));
    };

    float plain[width] = {}, deviating[width] = {};
    for_rows([&](int, const Row& values) {
#pragma unroll
        for (int i = 0; i < width; ++i) {
            plain[i] += values.g[i];
            deviating[i] += values.g[i] * (to_float(values.x[i]) - mean[i]);
        }
    });
    sum_small<width>(plain, shared);
    sum_small<width>(deviating, shared);

    if (!inside) return;
    float slope[width], constant[width];
#pragma unroll
    for (int i = 0; i < width; ++i) {
        const GradientLine<T> line(table, channel + i, plain[i], deviating[i], share, lane == 0);
        slope[i] = line.slope;
        constant[i] = line.constant;
    }
    if (grad_x == nullptr && grad_residual == nullptr) return;
    for_rows([&](int row, const Row& values) {
        Pack<T, width> in, before;
#pragma unroll
        for (int i = 0; i < width; ++i) {
            const float value = to_float(values.x[i]);
            before[i] = from_float<T>(values.g[i]);
            in[i] = from_float<T>(affine[i].scale * values.g[i] +
                                  (slope[i] * (has_centre<T> ? value - mean[i] : value) + constant[i]));
        }
        if (grad_x != nullptr) store_pack<width>(grad_x + place(row), in);
        if (grad_residual != nullptr) store_pack<width>(grad_residual + place(row), before);
    });
}

}  // namespace unmask
