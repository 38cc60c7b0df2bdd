// SPDX-License-Identifier: Apache-2.0
// Batch norm backward in training over few rows, in one kernel: as forward in batch_norm_small.cuh.
#pragma once

#include "cuda/batch_norm_gradient.cuh"
#include "cuda/batch_norm_small.cuh"

namespace unmask {

template <class T, int width, class Function>
__global__ void __launch_bounds__(block_threads)
    batch_norm_small_gradient_kernel(int rows, int channels, GradientTensors<T> tensors, BatchNormTable table,
                                     double share) {
    UNMASK_SHARED(float, shared, block_threads / 32 * small_columns<width> * width);
    const int channel = small_channel<width>();
    const bool inside = channel < channels;
    GradientSource<T, width, Function> source(tensors, channels, channel);

    Affine<T> affine[width] = {};
    float mean[width] = {};
    if (inside) read_channels(table, channel, affine, mean);
    struct Row {
        float g[width];
        Pack<T, width> x;
    };
    const auto load = [&](int row) {
        Row result;
        const auto loaded = source.template load<true>(row);
        source.template gradient<true>(result.g, row, loaded, affine);
        result.x = loaded.x;
        return result;
    };
    const SmallRows<width, width == 1 ? 8 : 2, decltype(load)> kept(inside ? rows : 0, load);

    float plain[width] = {}, deviating[width] = {};
    kept.each([&](int, const Row& values) {
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
        const GradientLine<T> line(table, channel + i, plain[i], deviating[i], share,
                                   small_lane<width>() == 0);
        slope[i] = line.slope;
        constant[i] = line.constant;
    }
    T *grad_x = source.grad_x, *grad_residual = source.grad_residual;
    if (grad_x == nullptr && grad_residual == nullptr) return;
    kept.each([&](int row, const Row& values) {
        Pack<T, width> in, before;
#pragma unroll
        for (int i = 0; i < width; ++i) {
            const float value = to_float(values.x[i]);
            before[i] = from_float<T>(values.g[i]);
            in[i] = from_float<T>(affine[i].scale * values.g[i] +
                                  (slope[i] * (has_centre<T> ? value - mean[i] : value) + constant[i]));
        }
        if (grad_x != nullptr) store_pack<width>(grad_x + source.place(row), in);
        if (grad_residual != nullptr) store_pack<width>(grad_residual + source.place(row), before);
    });
}

}  // namespace unmask
