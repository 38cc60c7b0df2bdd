// SPDX-License-Identifier: Apache-2.0
// Batch norm in training over few rows, forward in one kernel: a block takes all rows of its channels, keeps
// the first `held` of each thread in registers and reads the others again, from the cache.
#pragma once

#include "cuda/batch_norm_apply.cuh"

namespace unmask {

// Threads along the channels; the others of 256 take several rows.
template <int width>
constexpr int small_columns = width == 1 ? 8 : 1;
// Most rows for which one block a tile of channels is enough.
template <int width>
constexpr int64_t small_rows = width == 1 ? 512 : 2048;

template <int width>
__device__ int small_lane() {
    return static_cast<int>(threadIdx.x) / small_columns<width>;
}
// The first of the thread's channels.
template <int width>
__device__ int small_channel() {
    constexpr int columns = small_columns<width>;
    return (static_cast<int>(blockIdx.x) * columns + static_cast<int>(threadIdx.x) % columns) * width;
}

// The sums of each channel over the block's lanes, in every thread. shared: 256 / 32 · columns · width
// floats.
template <int width>
__device__ void sum_small(float (&values)[width], float* shared) {
    constexpr int columns = small_columns<width>, warps = block_threads / 32;
    const int thread = static_cast<int>(threadIdx.x), column = thread % columns;
    __syncthreads();  // the array may still be read from the call before
#pragma unroll
    for (int i = 0; i < width; ++i) {
        for (int offset = 16; offset >= columns; offset /= 2)
            values[i] += __shfl_xor_sync(whole_warp, values[i], offset);
        if (thread % 32 < columns) shared[(thread / 32 * columns + column) * width + i] = values[i];
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < width; ++i) {
        values[i] = 0.0f;
#pragma unroll
        for (int warp = 0; warp < warps; ++warp) values[i] += shared[(warp * columns + column) * width + i];
    }
}

// The rows that one thread takes of `width` channels, every lanes-th; `load` gives what it reads of a row.
// The first `held` of them stay in registers, the others are loaded again, from the cache.
template <int width, int held, class Load>
class SmallRows {
  public:
    __device__ SmallRows(int end, Load load) : end_(end), load_(load) {
#pragma unroll
        for (int k = 0; k < held; ++k)
            if (lane_ + k * lanes < end_) kept_[k] = load_(lane_ + k * lanes);
    }
    // function(row, what was read of it) for every row of the thread.
    template <class Function>
    __device__ void each(Function function) const {
#pragma unroll
        for (int k = 0; k < held; ++k)
            if (lane_ + k * lanes < end_) function(lane_ + k * lanes, kept_[k]);
        for (int row = lane_ + held * lanes; row < end_; row += lanes) function(row, load_(row));
    }

  private:
    static constexpr int lanes = block_threads / small_columns<width>;
    int lane_ = small_lane<width>(), end_;
    Load load_;
    std::invoke_result_t<Load, int> kept_[held];
};

template <class T, int width, class Function>
__global__ void __launch_bounds__(block_threads)
    batch_norm_small_kernel(int rows, int channels, BatchNormTensors<T> tensors, BatchNormTable table,
                            StatisticsRule rule, Function activation) {
    UNMASK_SHARED(float, shared, block_threads / 32 * small_columns<width> * width);
    const int channel = small_channel<width>();
    const bool inside = channel < channels;
    const auto own = tensors.own();
    const auto place = [&](int row) { return static_cast<int64_t>(row) * channels + channel; };
    const auto load = [&](int row) { return load_pack<width>(own.x + place(row)); };
    const SmallRows<width, width == 1 ? 8 : 4, decltype(load)> kept(inside ? rows : 0, load);

    // Deviations are taken from the first row, then from the mean, so that large means don't cancel.
    float origin[width] = {}, offset[width] = {}, squares[width] = {};
    if (inside) {
        const Pack<T, width> first = load(0);
#pragma unroll
        for (int i = 0; i < width; ++i) origin[i] = to_float(first[i]);
    }
    kept.each([&](int, const Pack<T, width>& values) {
#pragma unroll
        for (int i = 0; i < width; ++i) offset[i] += to_float(values[i]) - origin[i];
    });
    sum_small<width>(offset, shared);
#pragma unroll
    for (int i = 0; i < width; ++i) offset[i] *= static_cast<float>(rule.share);
    kept.each([&](int, const Pack<T, width>& values) {
#pragma unroll
        for (int i = 0; i < width; ++i) {
            const float deviation = to_float(values[i]) - origin[i] - offset[i];
            squares[i] += deviation * deviation;
        }
    });
    sum_small<width>(squares, shared);

    if (!inside) return;
    Affine<T> affine[width];
#pragma unroll
    for (int i = 0; i < width; ++i) {
        const BatchNormTable::Group& group = table.of(channel + i);
        const int norm = (channel + i) % table.size;
        const double mean = static_cast<double>(origin[i]) + static_cast<double>(offset[i]);
        const float variance = squares[i] * static_cast<float>(rule.share);
        const float inverse = rsqrtf(variance + static_cast<float>(rule.eps));
        if (small_lane<width>() == 0) rule.keep(group, norm, mean, static_cast<double>(squares[i]), inverse);
        affine[i] = Affine<T>(static_cast<float>(mean), inverse, group.weight[norm], group.bias[norm]);
    }
    kept.each([&](int row, const Pack<T, width>& in) {
        Pack<float, width> values = to_floats(in);
#pragma unroll
        for (int i = 0; i < width; ++i) values[i] = affine[i](values[i]);
        Pack<T, width> added{};
        if (own.residual != nullptr) added = load_pack<width>(own.residual + place(row));
        tensors.template write<Extras::all>(own, place(row), values, added, activation);
    });
}

}  // namespace unmask
