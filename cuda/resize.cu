// SPDX-License-Identifier: Apache-2.0
// Bilinear resize. Along an axis output i lies at ((2i + 1)·inputs - outputs) / (2·outputs), at least 0 and
// at most the last input: places are kept in units of 1 / (2·outputs), in whole numbers, so that neighbours
// and weights are exact. The gradient gathers for each input from the outputs that read it.
#include "engine/ops/resize.h"

#include "cuda/index.cuh"

namespace unmask {
namespace {

struct Neighbours {
    int64_t low, high;
    float low_weight, high_weight;
};

struct Axis {
    int64_t inputs, outputs;
    float unit;  // 1 / (2 · outputs)

    Axis(int64_t in, int64_t out) : inputs(in), outputs(out), unit(1.0f / static_cast<float>(2 * out)) {}

    __device__ int64_t place(int64_t output) const {
        const int64_t place = (2 * output + 1) * inputs - outputs, last = 2 * outputs * (inputs - 1);
        return place < 0 ? 0 : (place > last ? last : place);
    }
    __device__ Neighbours neighbours(int64_t output) const {
        const int64_t here = place(output), low = quotient(here, 2 * outputs),
                      above = here - low * 2 * outputs;
        return {low, low + 1 < inputs ? low + 1 : low, static_cast<float>(2 * outputs - above) * unit,
                static_cast<float>(above) * unit};
    }
    // The weight with which an output reads an input.
    __device__ float weight(int64_t output, int64_t input) const {
        const int64_t difference = place(output) - 2 * outputs * input;
        const int64_t distance = difference < 0 ? -difference : difference;
        return distance < 2 * outputs ? static_cast<float>(2 * outputs - distance) * unit : 0.0f;
    }
    // The outputs [first, end) that may read an input: those less than one input away.
    __device__ int64_t first_reader(int64_t input) const {
        const int64_t reach = outputs * (2 * input - 1) - inputs;
        return reach < 0 ? 0 : quotient(reach, 2 * inputs) + 1;
    }
    __device__ int64_t end_reader(int64_t input) const {
        const int64_t reach = outputs * (2 * input + 3) - inputs + 2 * inputs - 1;  // rounded up
        const int64_t end = reach < 0 ? 0 : quotient(reach, 2 * inputs);
        return end < outputs ? end : outputs;
    }
};

template <int N, class T>
__global__ void resize_kernel(int64_t packs, Axis rows, Axis columns, int64_t channels, const T* x, T* y) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.outputs, columns.outputs, channels, N);
    const Neighbours row = rows.neighbours(place.row), column = columns.neighbours(place.column);
    const T* image = x + place.image * rows.inputs * columns.inputs * channels + place.channel;
    const T* upper = image + row.low * columns.inputs * channels;
    const T* lower = image + row.high * columns.inputs * channels;
    const int64_t left = column.low * channels, right = column.high * channels;
    const Pack<T, N> upper_left = load_pack<N>(upper + left), upper_right = load_pack<N>(upper + right);
    const Pack<T, N> lower_left = load_pack<N>(lower + left), lower_right = load_pack<N>(lower + right);
    Pack<T, N> result;
#pragma unroll
    for (int i = 0; i < N; ++i)
        result[i] = from_float<T>(row.low_weight * column.low_weight * to_float(upper_left[i]) +
                                  row.low_weight * column.high_weight * to_float(upper_right[i]) +
                                  row.high_weight * column.low_weight * to_float(lower_left[i]) +
                                  row.high_weight * column.high_weight * to_float(lower_right[i]));
    store_pack<N>(y + pack * N, result);
}

template <int N, class T>
__global__ void resize_backward_kernel(int64_t packs, Axis rows, Axis columns, int64_t channels,
                                       const T* grad_y, T* grad_x) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.inputs, columns.inputs, channels, N);
    const T* image = grad_y + place.image * rows.outputs * columns.outputs * channels + place.channel;
    const int64_t row_end = rows.end_reader(place.row), column_end = columns.end_reader(place.column);
    const int64_t column_first = columns.first_reader(place.column);
    Pack<float, N> sums{};
    for (int64_t i = rows.first_reader(place.row); i < row_end; ++i) {
        const float row_weight = rows.weight(i, place.row);
        for (int64_t j = column_first; j < column_end; ++j) {
            const float weight = row_weight * columns.weight(j, place.column);
            if (weight == 0.0f) continue;
            const Pack<T, N> gradient = load_pack<N>(image + (i * columns.outputs + j) * channels);
#pragma unroll
            for (int k = 0; k < N; ++k) sums[k] += weight * to_float(gradient[k]);
        }
    }
    Pack<T, N> result;
#pragma unroll
    for (int k = 0; k < N; ++k) result[k] = from_float<T>(sums[k]);
    store_pack<N>(grad_x + pack * N, result);
}

void forward(const Tensor& x, Tensor& y) {
    if (y.numel() == 0) return;
    const Axis rows(x.dim(1), y.dim(1)), columns(x.dim(2), y.dim(2));
    dispatch_storage(resize_bilinear_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(x.dim(3), in, out), [&](auto pack) {
            const int64_t packs = y.numel() / pack();
            UNMASK_LAUNCH((resize_kernel<pack(), T>), blocks_for(packs, block_threads), block_threads, 0,
                          stream_of(x), packs, rows, columns, x.dim(3), in, out);
        });
    });
}

void backward(const Tensor& grad_y, Tensor& grad_x) {
    if (grad_x.numel() == 0) return;
    const Axis rows(grad_x.dim(1), grad_y.dim(1)), columns(grad_x.dim(2), grad_y.dim(2));
    dispatch_storage(resize_bilinear_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const T* gradient = grad_y.data<T>();
        T* out = grad_x.data<T>();
        dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(grad_x.dim(3), gradient, out), [&](auto pack) {
            const int64_t packs = grad_x.numel() / pack();
            UNMASK_LAUNCH((resize_backward_kernel<pack(), T>), blocks_for(packs, block_threads),
                          block_threads, 0, stream_of(grad_y), packs, rows, columns, grad_x.dim(3), gradient,
                          out);
        });
    });
}

const KernelEntry forward_entry{resize_bilinear_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{resize_bilinear_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
