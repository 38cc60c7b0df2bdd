// SPDX-License-Identifier: Apache-2.0
// Batch norm that pools as ResNet's stem does (stem_grid.cuh).
#pragma once

#include "cuda/batch_norm_pool.cuh"
#include "cuda/stem_grid.cuh"

namespace unmask {

// As batch_norm_pool_kernel.
template <class T, int width, class Function>
__global__ void __launch_bounds__(block_threads, 3)
    batch_norm_stem_pool_kernel(StemGrid grid, BatchNormTensors<T> tensors, Coefficients coefficients) {
    constexpr bool is_relu = std::is_same_v<Function, Relu>;
    const auto own = tensors.own();
    const StemPlace place(grid, width);
    if (!place.inside) return;
    Affine<T> affine[width];
    coefficients.read(place.channel, affine);
    // Of windows at an edge the first input is the second of their row or column.
    const int first_row = place.row == 0 ? 1 : 0, first_column = place.column == 0 ? 1 : 0;
    float best[width];
    int winner[width];
#pragma unroll
    for (int i = 0; i < width; ++i) {
        best[i] = is_relu ? 0.0f : -INFINITY;  // what ReLU makes 0 wins nothing
        winner[i] = is_relu ? no_tap : 3 * first_row + first_column;
    }
    const int width_in = 2 * grid.out_width;
    const T* line =
        own.x + place.channel +
        ((place.image * 2 * grid.out_height + 2 * place.row - 1) * width_in + 2 * place.column - 1) *
            grid.channels;
#pragma unroll
    for (int p = 0; p < 3; ++p) {
        if (p < first_row) continue;
        Pack<T, width> in[3];
#pragma unroll
        for (int q = 0; q < 3; ++q)  // outside, the next one stands in
            in[q] = load_pack<width>(line + (p * width_in + (q < first_column ? 1 : q)) * grid.channels);
#pragma unroll
        for (int q = 0; q < 3; ++q) {
            const Pack<float, width> x = to_floats(in[q]);
#pragma unroll
            for (int i = 0; i < width; ++i) {
                const float value = affine[i](x[i]);
                const bool larger = (value > best[i] || value != value) && q >= first_column;
                best[i] = larger ? value : best[i];
                winner[i] = larger ? 3 * p + q : winner[i];
            }
        }
    }
    Pack<T, width> y;
    Pack<uint8_t, width> taps;
#pragma unroll
    for (int i = 0; i < width; ++i) {
        y[i] = from_float<T>(best[i]);
        taps[i] = static_cast<uint8_t>(is_relu && !(best[i] > 0.0f) ? no_tap : winner[i]);  // of NaN too
    }
    const int64_t first =
        ((place.image * grid.out_height + place.row) * grid.out_width + place.column) * grid.channels +
        place.channel;
    store_pack<width>(own.y + first, y);
    if (own.mask != nullptr) store_pack<width>(own.mask + first, taps);
}

// As batch_norm_gradient_apply_kernel<…, MaxPooled>. A thread takes the two by two inputs from (2·i, 2·j) on,
// which the windows (i, j) to (i + 1, j + 1) read.
template <class T, int width>
__global__ void __launch_bounds__(block_threads, 2)
    batch_norm_stem_gradient_kernel(StemGrid grid, GradientTensors<T> tensors, Coefficients coefficients) {
    const auto own = tensors.branches[blockIdx.z];
    const StemPlace place(grid, width);
    if (!place.inside || own.grad_x == nullptr) return;
    Pack<unsigned, width / 4> taps[2][2];
    Pack<T, width> gradients[2][2], in[2][2];
#pragma unroll
    for (int a = 0; a < 2; ++a)
#pragma unroll
        for (int b = 0; b < 2; ++b) {
#pragma unroll
            for (int word = 0; word < width / 4; ++word) taps[a][b][word] = 0xFFFFFFFFu;  // no_tap
            gradients[a][b] = {};
            if (place.row + a >= grid.out_height || place.column + b >= grid.out_width) continue;
            const int64_t at =
                ((place.image * grid.out_height + place.row + a) * grid.out_width + place.column + b) *
                    grid.channels +
                place.channel;
            taps[a][b] = load_pack<width / 4>(reinterpret_cast<const unsigned*>(own.argmax + at));
            gradients[a][b] = load_pack<width>(own.grad_y + at);
        }
    const int width_in = 2 * grid.out_width;
    const int64_t corner =
        ((place.image * 2 * grid.out_height + 2 * place.row) * width_in + 2 * place.column) * grid.channels +
        place.channel;
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
        for (int q = 0; q < 2; ++q)
            in[r][q] = load_pack<width>(own.x + corner + (r * width_in + q) * grid.channels);
    Affine<T> affine[width];
    coefficients.read(place.channel, affine);
    const auto slope = coefficients.template row<width>(Coefficients::slope, place.channel);
    const auto constant = coefficients.template row<width>(Coefficients::constant, place.channel);
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
        for (int q = 0; q < 2; ++q) {
            float g[width] = {};
#pragma unroll
            for (int a = 0; a <= r; ++a)
#pragma unroll
                for (int b = 0; b <= q; ++b) {
                    const unsigned tap = (r == 0 ? 1 : a == 0 ? 2 : 0) * 3 + (q == 0 ? 1 : b == 0 ? 2 : 0);
                    const Pack<float, width> gradient = to_floats(gradients[a][b]);
#pragma unroll
                    for (int i = 0; i < width; ++i)
                        if ((taps[a][b][i / 4] >> (8 * (i % 4)) & 0xFFu) == tap) g[i] += gradient[i];
                }
            const Pack<float, width> x = to_floats(in[r][q]);
            Pack<T, width> result;
#pragma unroll
            for (int i = 0; i < width; ++i)
                result[i] = from_float<T>(affine[i].scale * g[i] +
                                          (slope[i] * x[i] + constant[i]));  // no centre in bf16
            store_pack<width>(own.grad_x + corner + (r * width_in + q) * grid.channels, result);
        }
}

}  // namespace unmask
