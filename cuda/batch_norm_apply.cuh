// SPDX-License-Identifier: Apache-2.0
// y = dropout(activation((x - centre) · scale + shift (+ residual))) in one pass over memory, with the mask
// of where relu let the value through: bit e % 8 of byte e / 8 for element e.
#pragma once

#include "cuda/activation_functions.cuh"
#include "cuda/batch_norm_channels.cuh"
#include "cuda/dropout_mask.cuh"

namespace unmask {

// Rows that a thread loads before it uses the first: 32 bytes a tensor.
template <class T, int width>
constexpr int rows_at_once = std::clamp<int>(static_cast<int>(32 / (sizeof(T) * width)), 1, 4);

// What a kernel is compiled for besides norm and activation; what it does is decided at run time.
enum class Extras : uint8_t { none, residual, all };  // all: dropout too

// Blocks that a multiprocessor's registers must hold.
template <Extras extras, class Function>
constexpr int apply_blocks = extras == Extras::all                                          ? 2
                             : extras == Extras::residual || std::is_same_v<Function, Silu> ? 3
                                                                                            : 4;

// The tensors of the branches, by pointer table.
template <class T>
struct BatchNormTensors {
    struct Branch {
        const T *x, *residual;  // residual null: none
        T* y;
        uint8_t* mask;  // null: not wanted; 8 channels at a time only
    };
    Branch branches[most_branches];
    DropoutMask dropout;

    __device__ Branch own() const { return branches[blockIdx.z]; }

    // Writes the elements from `first` on whose normalised values are given; `branch`: own().
    template <Extras extras, int width, class Function>
    __device__ void write(const Branch& branch, int64_t first, Pack<float, width>& values,
                          const Pack<T, width>& added, Function activation) const {
        unsigned bits = 0;
        if constexpr (extras != Extras::none)
            if (branch.residual != nullptr) {
                const Pack<float, width> more = to_floats(added);
#pragma unroll
                for (int i = 0; i < width; ++i) values[i] += more[i];
            }
#pragma unroll
        for (int i = 0; i < width; ++i) {
            if constexpr (std::is_same_v<Function, Relu>)
                if (values[i] > 0.0f) bits |= 1u << i;
            values[i] = activate_for<T>(activation, values[i]);
        }
        if constexpr (extras == Extras::all)
            if (dropout.active) dropout.apply(values.values, first);
        Pack<T, width> result;
#pragma unroll
        for (int i = 0; i < width; ++i) result[i] = from_float<T>(values[i]);
        store_pack<width>(branch.y + first, result);
        if constexpr (std::is_same_v<Function, Relu> && width == 8)
            if (branch.mask != nullptr) branch.mask[first / 8] = static_cast<uint8_t>(bits);
    }
};

template <class T, int width, Extras extras, class Function>
__global__ void __launch_bounds__(block_threads, apply_blocks<extras, Function>)
    batch_norm_apply_kernel(int64_t rows, int rows_a_thread, BatchNormTensors<T> tensors,
                            Coefficients coefficients, Function activation) {
    constexpr int batch = rows_at_once<T, width>;
    const auto own = tensors.own();
    const int channels = coefficients.channels, lanes = static_cast<int>(blockDim.y);
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= channels) return;
    Affine<T> affine[width];
    coefficients.read(channel, affine);
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * rows_a_thread * lanes + threadIdx.y;
    for (int step = 0; step < rows_a_thread; step += batch) {
        Pack<T, width> in[batch], added[batch];
#pragma unroll
        for (int k = 0; k < batch; ++k) {
            // Rows beyond the end are loaded from the last, so that all loads stand together.
            const int64_t wanted = begin + static_cast<int64_t>(step + k) * lanes;
            const int64_t row = wanted < rows ? wanted : rows - 1;
            in[k] = load_pack<width>(own.x + row * channels + channel);
            if constexpr (extras != Extras::none)
                if (own.residual != nullptr)
                    added[k] = load_pack<width>(own.residual + row * channels + channel);
        }
#pragma unroll
        for (int k = 0; k < batch; ++k) {
            const int64_t row = begin + static_cast<int64_t>(step + k) * lanes;
            if (row >= rows) continue;
            Pack<float, width> values = to_floats(in[k]);
#pragma unroll
            for (int i = 0; i < width; ++i) values[i] = affine[i](values[i]);
            tensors.template write<extras>(own, row * channels + channel, values, added[k], activation);
        }
    }
}

// Rows for each thread: many where there are enough blocks, a multiple of rows_at_once.
template <class T, int width>
int rows_a_thread(int64_t rows, const ChannelTiles& tiles) {
    constexpr int64_t batch = rows_at_once<T, width>;
    const int64_t share = rows * tiles.tiles / (tiles.lanes * 2 * many_blocks);
    return static_cast<int>(std::clamp<int64_t>(share / batch, 1, 8 / batch) * batch);
}

}  // namespace unmask
