// SPDX-License-Identifier: Apache-2.0
// Max pooling, one thread for each output pixel's pack of channels. The gradient gathers: each input pixel
// visits the windows that hold it. Average pooling is in average_pool.cu.
#include "engine/ops/pool.h"

#include "cuda/average_pool.h"
#include "cuda/levels.cuh"
#include "cuda/pool_window.cuh"
#include "cuda/stem_grid.cuh"

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

// The maxima alone, of a stem's windows: all taps are loaded before the first is compared. Outside, the next
// input of the window stands in.
template <int N, class T>
__global__ void __launch_bounds__(block_threads) stem_max_pool_kernel(StemGrid grid, const T* x, T* y) {
    const StemPlace place(grid, N);
    if (!place.inside) return;
    const int64_t width = 2 * grid.out_width, pitch = width * grid.channels;
    const T* centre =
        x + ((place.image * 2 * grid.out_height + 2 * place.row) * width + 2 * place.column) * grid.channels +
        place.channel;
    const int64_t above = place.row == 0 ? 0 : -pitch;
    const int64_t left = place.column == 0 ? 0 : -static_cast<int64_t>(grid.channels);
    Pack<T, N> taps[3][3];
#pragma unroll
    for (int p = 0; p < 3; ++p)
#pragma unroll
        for (int q = 0; q < 3; ++q)
            taps[p][q] = load_pack<N>(centre + (p == 0 ? above : (p - 1) * pitch) +
                                      (q == 0 ? left : (q - 1) * grid.channels));
    Pack<T, N> result;
#pragma unroll
    for (int i = 0; i < N; ++i) {
        float best = to_float(taps[0][0][i]);
#pragma unroll
        for (int tap = 1; tap < 9; ++tap) {
            const float value = to_float(taps[tap / 3][tap % 3][i]);
            best = value > best || value != value ? value : best;
        }
        result[i] = from_float<T>(best);
    }
    store_pack<N>(
        y + ((place.image * grid.out_height + place.row) * grid.out_width + place.column) * grid.channels +
            place.channel,
        result);
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
            if constexpr (is_stem_pack<T, pack()>) {
                const ChannelTiles tiles = channel_tiles(x.dim(3), pack(), 64);
                const auto stem = places == nullptr ? StemGrid::of(x, y, params, tiles) : std::nullopt;
                if (stem) {
                    UNMASK_LAUNCH((stem_max_pool_kernel<pack(), T>), stem->grid(1), tiles.block(), 0,
                                  stream_of(x), *stem, in, out);
                    return;
                }
            }
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
