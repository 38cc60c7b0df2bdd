// SPDX-License-Identifier: Apache-2.0
// Max pooling, one thread for each output pixel's pack of channels. The gradient gathers: each input pixel
// visits the windows that hold it. Average pooling is in average_pool.cu.
#include "engine/ops/pool.h"

#include "cuda/average_pool.h"
#include "cuda/levels.cuh"
#include "cuda/pool_window.cuh"

namespace unmask {
namespace {

// argmax may be null.
template <int N, class T>
__global__ void max_pool_kernel(int64_t packs, PoolAxis rows, PoolAxis columns, int64_t channels, const T* x,
                                T* y, uint8_t* argmax) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.outputs, columns.outputs, channels, N);
    const T* image = x + place.image * rows.inputs * columns.inputs * channels + place.channel;
    const WindowMaximum<N> maximum(rows, columns, place.row, place.column, [&](int64_t row, int64_t column) {
        const Pack<T, N> values = load_pack<N>(image + (row * columns.inputs + column) * channels);
        Pack<float, N> result;
#pragma unroll
        for (int i = 0; i < N; ++i) result[i] = to_float(values[i]);
        return result;
    });
    Pack<T, N> result;
    Pack<uint8_t, N> taps;
#pragma unroll
    for (int i = 0; i < N; ++i) {
        result[i] = from_float<T>(maximum.best[i]);
        taps[i] = static_cast<uint8_t>(maximum.winner[i]);
    }
    store_pack<N>(y + pack * N, result);
    if (argmax != nullptr) store_pack<N>(argmax + pack * N, taps);
}

template <int N, class T>
__global__ void max_pool_backward_kernel(int64_t packs, PoolAxis rows, PoolAxis columns, int64_t channels,
                                         const T* grad_y, const uint8_t* argmax, T* grad_x) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const NhwcPlace place(pack, rows.inputs, columns.inputs, channels, N);
    gather_windows<N>(pack, place, rows, columns, channels, grad_x,
                      [&](Pack<float, N>& sums, int64_t offset, int64_t i, int64_t j) {
                          const auto tap = static_cast<int>((place.row - rows.start(i)) * columns.kernel +
                                                            place.column - columns.start(j));
                          const Pack<uint8_t, N> winner = load_pack<N>(argmax + offset);
                          const Pack<T, N> gradient = load_pack<N>(grad_y + offset);
#pragma unroll
                          for (int k = 0; k < N; ++k)
                              sums[k] += winner[k] == tap ? to_float(gradient[k]) : 0.0f;
                      });
}

void max_forward(const Tensor& x, Tensor& y, Tensor& argmax, const Pool2dParams& params) {
    if (y.numel() == 0) return;
    const PoolAxis rows = pool_axis(x, y, 0, params), columns = pool_axis(x, y, 1, params);
    uint8_t* places = argmax.defined() ? argmax.data<uint8_t>() : nullptr;
    const auto launch = [&](auto zero) {
        using T = decltype(zero);
        constexpr int most = std::min(pack_of<T>, 8);  // of bytes 16 would need twice the registers
        const T* in = x.data<T>();
        T* out = y.data<T>();
        dispatch_pack<most>(can_pack<most>(x.dim(3), in, out, places), [&](auto pack) {
            const int64_t packs = y.numel() / pack();
            UNMASK_LAUNCH((max_pool_kernel<pack(), T>), blocks_for(packs, block_threads), block_threads, 0,
                          stream_of(x), packs, rows, columns, x.dim(3), in, out, places);
        });
    };
    if (is_floating(x.dtype()))
        dispatch_storage(max_pool2d_forward.name(), x, launch);
    else
        dispatch_levels(max_pool2d_forward.name(), x, launch);
}

void max_backward(const Tensor& grad_y, const Tensor& argmax, Tensor& grad_x, const Pool2dParams& params) {
    if (grad_x.numel() == 0) return;
    const PoolAxis rows = pool_axis(grad_x, grad_y, 0, params),
                   columns = pool_axis(grad_x, grad_y, 1, params);
    dispatch_storage(max_pool2d_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const T* gradient = grad_y.data<T>();
        const uint8_t* places = argmax.data<uint8_t>();
        T* out = grad_x.data<T>();
        dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(grad_x.dim(3), gradient, places, out), [&](auto pack) {
            const int64_t packs = grad_x.numel() / pack();
            UNMASK_LAUNCH((max_pool_backward_kernel<pack(), T>), blocks_for(packs, block_threads),
                          block_threads, 0, stream_of(grad_y), packs, rows, columns, grad_x.dim(3), gradient,
                          places, out);
        });
    });
}

const KernelEntry max_forward_entry{max_pool2d_forward, Backend::cuda, &max_forward};
const KernelEntry max_backward_entry{max_pool2d_backward, Backend::cuda, &max_backward};
const KernelEntry average_forward_entry{average_pool2d_forward, Backend::cuda, &average_pool_forward};
const KernelEntry average_backward_entry{average_pool2d_backward, Backend::cuda, &average_pool_backward};
const KernelEntry adaptive_forward_entry{adaptive_average_pool2d_forward, Backend::cuda,
                                         &adaptive_average_pool_forward};
const KernelEntry adaptive_backward_entry{adaptive_average_pool2d_backward, Backend::cuda,
                                          &adaptive_average_pool_backward};

}  // namespace
}  // namespace unmask
