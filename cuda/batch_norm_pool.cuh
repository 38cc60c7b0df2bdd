// SPDX-License-Identifier: Apache-2.0
// Batch norm whose activated map is pooled where it is made, and whose gradient is gathered from the windows
// where it is read: neither map is written to memory.
#pragma once

#include "cuda/batch_norm_apply.cuh"
#include "cuda/batch_norm_gradient.cuh"

namespace unmask {

// Forward's second pass: y and, where it is not null, argmax (the branch's mask) from x, a thread for each
// output pixel's pack of channels.
template <class T, int width, class Function>
__global__ void __launch_bounds__(block_threads, 3)
    batch_norm_pool_kernel(int64_t pixels, int pixels_a_thread, PoolAxis rows, PoolAxis columns,
                           BatchNormTensors<T> tensors, Coefficients coefficients, Function activation) {
    const auto own = tensors.own();
    const int channels = coefficients.channels, lanes = static_cast<int>(blockDim.y);
    const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * width;
    if (channel >= channels) return;
    Affine<T> affine[width];
    coefficients.read(channel, affine);
    const int64_t begin = static_cast<int64_t>(blockIdx.x) * pixels_a_thread * lanes + threadIdx.y;
#pragma unroll 1
    for (int step = 0; step < pixels_a_thread; ++step) {
        const int64_t pixel = begin + static_cast<int64_t>(step) * lanes;
        if (pixel >= pixels) return;
        const int64_t line = quotient(pixel, columns.outputs), image = quotient(line, rows.outputs);
        const T* map = own.x + image * rows.inputs * columns.inputs * channels + channel;
        const WindowMaximum<width> maximum(
            rows, columns, line - image * rows.outputs, pixel - line * columns.outputs,
            [&](int64_t row, int64_t column) {
                Pack<float, width> result =
                    to_floats(load_pack<width>(map + (row * columns.inputs + column) * channels));
#pragma unroll
                for (int i = 0; i < width; ++i) result[i] = activation(affine[i](result[i]));
                return result;
            });
        Pack<T, width> y;
        Pack<uint8_t, width> taps;
#pragma unroll
        for (int i = 0; i < width; ++i) {
            y[i] = from_float<T>(maximum.best[i]);
            const bool passes = !std::is_same_v<Function, Relu> || maximum.best[i] > 0.0f;
            taps[i] = static_cast<uint8_t>(passes ? maximum.winner[i] : no_tap);
        }
        const int64_t first = pixel * channels + channel;
        store_pack<width>(own.y + first, y);
        if (own.mask != nullptr) store_pack<width>(own.mask + first, taps);
    }
}

// An axis of the pooling in 32 bits, as the kernels that gather are short of registers.
struct PoolMap {
    int inputs, outputs, kernel, stride, padding;

    __device__ explicit PoolMap(const PoolAxis& axis)
        : inputs(static_cast<int>(axis.inputs)),
          outputs(static_cast<int>(axis.outputs)),
          kernel(axis.kernel),
          stride(axis.stride),
          padding(axis.padding) {}
    // The windows that read an input; there may be none.
    __device__ int first_reader(int input) const {
        const int before = input + padding - kernel;
        return before < 0 ? 0 : before / stride + 1;
    }
    __device__ int last_reader(int input) const {
        const int last = (input + padding) / stride;
        return last < outputs ? last : outputs - 1;
    }
    // The input's place in window i.
    __device__ int tap(int input, int i) const { return input + padding - i * stride; }
};

// In the place of the activation: the gradient before it is gathered from the windows that an element won.
struct MaxPooled {};

template <class T, int width>
struct GradientSource<T, width, MaxPooled> : GradientTensors<T>::Branch {
    PoolMap rows, columns;

    int channels, channel;

    __device__ GradientSource(const GradientTensors<T>& tensors, int channels, int channel)
        : GradientTensors<T>::Branch(tensors.branches[blockIdx.z]),
          rows(tensors.pool_rows),
          columns(tensors.pool_columns),
          channels(channels),
          channel(channel) {}
    __device__ int64_t place(int64_t pixel) const { return pixel * channels + channel; }

    struct Loaded {
        Pack<T, width> x;
        Pack<float, width> g;
    };
    template <bool extras>
    __device__ Loaded load(int64_t pixel) const {
        Loaded loaded;
        loaded.x = load_pack<width>(this->x + place(pixel));
        loaded.g = {};
        const auto line = static_cast<int>(quotient(pixel, columns.inputs)), image = line / rows.inputs;
        const int row = line - image * rows.inputs;
        const auto column = static_cast<int>(pixel - static_cast<int64_t>(line) * columns.inputs);
        const int first = columns.first_reader(column), last = columns.last_reader(column);
        for (int i = rows.first_reader(row); i <= rows.last_reader(row); ++i) {
            const int64_t windows = static_cast<int64_t>(image * rows.outputs + i) * columns.outputs;
            const int tap = rows.tap(row, i) * columns.kernel;
            // Two at a time, so that their loads are under way together.
#pragma unroll 1
            for (int j = first; j <= last; j += 2) {
                const int64_t offset = (windows + j) * channels + channel;
                const bool second = j < last;
                const Won one(*this, offset), other(*this, second ? offset + channels : offset);
                one.add_to(loaded.g, tap + columns.tap(column, j));
                if (second) other.add_to(loaded.g, tap + columns.tap(column, j + 1));
            }
        }
        return loaded;
    }
    template <bool extras>
    __device__ void gradient(float (&g)[width], int64_t, const Loaded& loaded,
                             const Affine<T> (&)[width]) const {
#pragma unroll
        for (int i = 0; i < width; ++i) g[i] = loaded.g[i];
    }

  private:
    // What one window gives those of its inputs that won.
    struct Won {
        Pack<uint8_t, width> taps;
        Pack<T, width> gradient;

        __device__ Won(const GradientSource& source, int64_t offset)
            : taps(load_pack<width>(source.argmax + offset)),
              gradient(load_pack<width>(source.grad_y + offset)) {}
        __device__ void add_to(Pack<float, width>& sums, int tap) const {
#pragma unroll
            for (int c = 0; c < width; ++c) sums[c] += taps[c] == tap ? to_float(gradient[c]) : 0.0f;
        }
    };
};

constexpr int pool_sum_blocks = 3;  // that a multiprocessor's registers must hold

// The sums of batch_norm_gradient_parts_kernel over the windows instead of the map: only a window's winner
// has a gradient, and its x is looked up. inverse_kernel: 65536 / columns.kernel, rounded up.
template <class T, int width>
__global__ void __launch_bounds__(block_threads, pool_sum_blocks)
    batch_norm_pool_sums_kernel(int64_t pixels, int channels, unsigned inverse_kernel,
                                GradientTensors<T> tensors, BatchNormTable table, float* parts) {
    const auto own = tensors.branches[blockIdx.z];
    const PoolMap rows(tensors.pool_rows), columns(tensors.pool_columns);
    using Sums = Pack<float, width>;
    UNMASK_SHARED(Sums, shared, block_threads);
    const int column = static_cast<int>(threadIdx.x), block_columns = static_cast<int>(blockDim.x);
    const int lane = static_cast<int>(threadIdx.y), lanes = static_cast<int>(blockDim.y);
    const int channel = (static_cast<int>(blockIdx.y) * block_columns + column) * width;
    const bool inside = channel < channels;
    const int64_t chunk = blockIdx.x, chunks = gridDim.x;
    Sums plain{}, deviating{};
    if (inside) {
        float mean[width];
#pragma unroll
        for (int i = 0; i < width; ++i)
            mean[i] = table.of(channel + i).saved_mean[(channel + i) % table.size];
        for (int64_t pixel = chunk * lanes + lane; pixel < pixels; pixel += chunks * lanes) {
            const auto line = static_cast<int>(quotient(pixel, columns.outputs)), image = line / rows.outputs;
            const int row = (line - image * rows.outputs) * rows.stride - rows.padding;
            const int left =
                static_cast<int>(pixel - static_cast<int64_t>(line) * columns.outputs) * columns.stride -
                columns.padding;
            const Pack<T, width> gradient = load_pack<width>(own.grad_y + pixel * channels + channel);
            const Pack<uint8_t, width> taps = load_pack<width>(own.argmax + pixel * channels + channel);
            const int64_t first =
                ((static_cast<int64_t>(image) * rows.inputs + row) * columns.inputs + left) * channels +
                channel;
            float x[width];
#pragma unroll
            for (int i = 0; i < width; ++i) {
                const unsigned tap = taps[i], down = tap * inverse_kernel >> 16;
                const auto right = static_cast<int>(tap) - static_cast<int>(down) * columns.kernel;
                x[i] = mean[i];
                if (tap != no_tap)
                    x[i] = to_float(
                        own.x[first + (static_cast<int>(down) * columns.inputs + right) * channels + i]);
            }
            const Pack<float, width> all = to_floats(gradient);
#pragma unroll
            for (int i = 0; i < width; ++i) {
                const float g = taps[i] != no_tap ? all[i] : 0.0f;
                plain[i] += g;
                deviating[i] += g * (x[i] - mean[i]);
            }
        }
    }
    store_sums_of_lanes(shared, plain, deviating, column, block_columns, lane, lanes, inside,
                        parts + (blockIdx.z * chunks + chunk) * 2 * channels + channel, channels);
}

}  // namespace unmask
