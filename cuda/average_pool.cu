// SPDX-License-Identifier: Apache-2.0
// Average pooling, over windows and adaptive, one thread for each output pixel's pack of channels; to one
// pixel it is a reduction. The gradients gather: each input pixel visits the windows that hold it.
#include "cuda/average_pool.h"

#include "cuda/broadcast_map.cuh"
#include "cuda/pool_window.cuh"
#include "cuda/sum_fold.cuh"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

PoolDivisor divisor_of(const Pool2dParams& params) {
    return {params.count_padding ? int64_t{params.kernel[0]} * params.kernel[1] : 0};
}

// Rows of the window one after the other, their sums with Kahan's compensation.
template <int N, class X, class Y, class Axis>
__global__ void average_pool_kernel(int64_t packs, Axis rows, Axis columns, int64_t channels,
                                    PoolDivisor divisor, const X* x, Y* y) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.outputs, columns.outputs, channels, N);
    const PoolRange window_rows = rows.window(place.row), window_columns = columns.window(place.column);
    const X* image = x + place.image * rows.inputs * columns.inputs * channels + place.channel;
    using RowSums = SumFold<float, float>;
    const RowSums fold{};
    typename RowSums::State totals[N];
#pragma unroll
    for (int k = 0; k < N; ++k) totals[k] = fold.start(0);
    for (int64_t row = window_rows.begin; row < window_rows.end; ++row) {
        Pack<float, N> sums{};
        for (int64_t column = window_columns.begin; column < window_columns.end; ++column) {
            const Pack<X, N> values = load_pack<N>(image + (row * columns.inputs + column) * channels);
#pragma unroll
            for (int k = 0; k < N; ++k) sums[k] += to_float(values[k]);
        }
#pragma unroll
        for (int k = 0; k < N; ++k) fold.add(totals[k], sums[k], 0);
    }
    const float scale = 1.0f / divisor(window_rows, window_columns);
    Pack<Y, N> result;
#pragma unroll
    for (int k = 0; k < N; ++k) result[k] = from_float<Y>(fold.value(totals[k]) * scale);
    store_pack<N>(y + pack * N, result);
}

template <int N, class Y, class X, class Axis>
__global__ void average_pool_backward_kernel(int64_t packs, Axis rows, Axis columns, int64_t channels,
                                             PoolDivisor divisor, const Y* grad_y, X* grad_x) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.inputs, columns.inputs, channels, N);
    gather_windows<N>(pack, place, rows, columns, channels, grad_x,
                      [&](Pack<float, N>& sums, int64_t offset, int64_t i, int64_t j) {
                          const float scale = 1.0f / divisor(rows.window(i), columns.window(j));
                          const Pack<Y, N> gradient = load_pack<N>(grad_y + offset);
#pragma unroll
                          for (int k = 0; k < N; ++k) sums[k] += scale * to_float(gradient[k]);
                      });
}

template <class X, class Y, class Axis>
void average(const Tensor& x, Tensor& y, const Axis& rows, const Axis& columns, PoolDivisor divisor) {
    const X* in = x.data<X>();
    Y* out = y.data<Y>();
    constexpr int most = pack_of<X, Y>;
    dispatch_pack<most>(can_pack<most>(x.dim(3), in, out), [&](auto pack) {
        const int64_t packs = y.numel() / pack();
        UNMASK_LAUNCH((average_pool_kernel<pack(), X, Y, Axis>), blocks_for(packs, block_threads),
                      block_threads, 0, stream_of(x), packs, rows, columns, x.dim(3), divisor, in, out);
    });
}

template <class Y, class X, class Axis>
void average_gradient(const Tensor& grad_y, Tensor& grad_x, const Axis& rows, const Axis& columns,
                      PoolDivisor divisor) {
    const Y* gradient = grad_y.data<Y>();
    X* out = grad_x.data<X>();
    constexpr int most = pack_of<X, Y>;
    dispatch_pack<most>(can_pack<most>(grad_x.dim(3), gradient, out), [&](auto pack) {
        const int64_t packs = grad_x.numel() / pack();
        UNMASK_LAUNCH((average_pool_backward_kernel<pack(), Y, X, Axis>), blocks_for(packs, block_threads),
                      block_threads, 0, stream_of(grad_y), packs, rows, columns, grad_x.dim(3), divisor,
                      gradient, out);
    });
}

struct AddScaled {
    float factor;
    __device__ float operator()(float before, float x) const { return before + factor * x; }
};

bool to_one_pixel(const Tensor& y) {
    return y.dim(1) == 1 && y.dim(2) == 1;
}

}  // namespace

void average_pool_forward(const Tensor& x, Tensor& y, const Pool2dParams& params) {
    if (y.numel() == 0) return;
    dispatch_storage(average_pool2d_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        average<T, T>(x, y, pool_axis(x, y, 0, params), pool_axis(x, y, 1, params), divisor_of(params));
    });
}

void average_pool_backward(const Tensor& grad_y, Tensor& grad_x, const Pool2dParams& params) {
    if (grad_x.numel() == 0) return;
    dispatch_storage(average_pool2d_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        average_gradient<T, T>(grad_y, grad_x, pool_axis(grad_x, grad_y, 0, params),
                               pool_axis(grad_x, grad_y, 1, params), divisor_of(params));
    });
}

// Pooling to one pixel is a mean over whole rows of channels, its gradient a broadcast. y may have another
// dtype than x.
void adaptive_average_pool_forward(const Tensor& x, Tensor& y) {
    if (y.numel() == 0) return;
    dispatch_storage(adaptive_average_pool2d_forward.name(), x, [&](auto from) {
        dispatch_storage(adaptive_average_pool2d_forward.name(), y, [&](auto to) {
            using X = decltype(from);
            using Y = decltype(to);
            if (to_one_pixel(y))
                return launch_fold(
                    y, Folding(x.shape(), y.shape()), x.data<X>(),
                    SumFold<X, Y>{y.data<Y>(), 1.0f / static_cast<float>(x.dim(1) * x.dim(2))});
            average<X, Y>(x, y, AdaptiveAxis{x.dim(1), y.dim(1)}, AdaptiveAxis{x.dim(2), y.dim(2)},
                          PoolDivisor{0});
        });
    });
}

void adaptive_average_pool_backward(const Tensor& grad_y, Tensor& grad_x, bool accumulate) {
    if (grad_x.numel() == 0) return;
    if (accumulate && !to_one_pixel(grad_y))
        return add_computed(grad_x, [&](Tensor& own) { adaptive_average_pool_backward(grad_y, own, false); });
    dispatch_storage(adaptive_average_pool2d_backward.name(), grad_y, [&](auto from) {
        dispatch_storage(adaptive_average_pool2d_backward.name(), grad_x, [&](auto to) {
            using Y = decltype(from);
            using X = decltype(to);
            const float share = 1.0f / static_cast<float>(grad_x.dim(1) * grad_x.dim(2));
            const BroadcastInput<Y> gradient{grad_y.data<Y>(), grad_y.shape()};
            X* out = grad_x.data<X>();
            if (accumulate)
                return launch_broadcast_map(stream_of(grad_y), grad_x.shape(), AddScaled{share}, out,
                                            BroadcastInput<X>{out, grad_x.shape()}, gradient);
            if (to_one_pixel(grad_y))
                return launch_broadcast_map(stream_of(grad_y), grad_x.shape(), Scale{share}, out, gradient);
            average_gradient<Y, X>(grad_y, grad_x, AdaptiveAxis{grad_x.dim(1), grad_y.dim(1)},
                                   AdaptiveAxis{grad_x.dim(2), grad_y.dim(2)}, PoolDivisor{0});
        });
    });
}

}  // namespace unmask
