// SPDX-License-Identifier: Apache-2.0
// y = activation(y + bias + residual) in place: y (and residual) read once, y written once.
#include "cuda/conv2d_epilogue.h"

#include "cuda/channel_tiles.cuh"
#include "cuda/epilogue.cuh"

namespace unmask {
namespace {

template <class T, int width>
__global__ void __launch_bounds__(block_threads)
    epilogue_kernel(int64_t rows, int rows_a_thread, int channels, Epilogue<T> epilogue, T* y) {
    const int lanes = static_cast<int>(blockDim.y);
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= channels) return;
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * rows_a_thread * lanes + threadIdx.y;
#pragma unroll 2
    for (int step = 0; step < rows_a_thread; ++step) {
        const int64_t row = begin + static_cast<int64_t>(step) * lanes;
        if (row >= rows) return;
        const int64_t place = row * channels + channel;
        const Pack<T, width> values = load_pack<width>(y + place);
        Pack<float, width> sums;
#pragma unroll
        for (int i = 0; i < width; ++i) sums[i] = to_float(values[i]);
        store_pack<width>(y + place, epilogue(sums, channel, place));
    }
}

template <class T, int width>
void launch(const Epilogue<T>& epilogue, Tensor& y) {
    constexpr int rows_a_thread = 4;
    const int64_t channels = y.dim(-1), rows = y.numel() / channels;
    const ChannelTiles tiles = channel_tiles(channels, width, 64);
    UNMASK_LAUNCH((epilogue_kernel<T, width>),
                  dim3(blocks_for(rows, int64_t{rows_a_thread} * tiles.lanes), tiles.tiles), tiles.block(), 0,
                  stream_of(y), rows, rows_a_thread, static_cast<int>(channels), epilogue, y.data<T>());
}

}  // namespace

void conv2d_epilogue(const Tensor& bias, const Tensor& residual, Tensor& y, Activation activation) {
    if (y.numel() == 0) return;
    dispatch_storage("conv2d_epilogue", y, [&](auto zero) {
        using T = decltype(zero);
        constexpr int width = 16 / sizeof(T);
        const Epilogue<T> epilogue(bias, residual, activation);
        if (can_take<T>(width, y.dim(-1), y.raw(), static_cast<const void*>(epilogue.bias),
                        static_cast<const void*>(epilogue.residual)))
            launch<T, width>(epilogue, y);
        else
            launch<T, 1>(epilogue, y);
    });
}

}  // namespace unmask
