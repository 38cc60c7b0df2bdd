// SPDX-License-Identifier: Apache-2.0
// Backward of batch norm, the parts that its kernels share. With g the gradient before the activation and x̂
// the normalised input
//     grad_x = weight / sqrt(σ² + eps) · (g - Σg / R - x̂ · Σg·x̂ / R)      (without the sums in inference).
#pragma once

#include "cuda/activation_functions.cuh"
#include "cuda/batch_norm_channels.cuh"
#include "cuda/dropout_mask.cuh"
#include "cuda/pool_window.cuh"

namespace unmask {

// The tensors of the branches, by pointer table.
template <class T>
struct GradientTensors {
    struct Branch {
        const T *grad_y, *x;
        const T* residual;                  // silu: null where there was none
        const T* y;                         // relu: where the result is positive, unless
        const uint8_t* mask;                // relu: bit e % 8 of byte e / 8
        T *grad_x, *grad_residual;          // null: not wanted
        const uint8_t* argmax;              // with pooling
        const float *weights, *grad_means;  // with a gate; the latter null for zeros
    };
    Branch branches[most_branches];
    DropoutMask dropout;
    PoolAxis pool_rows, pool_columns;  // with pooling
    int64_t pixels;                    // of an image, with a gate
};

// ReLU whose mask forward left, for packs of 8.
struct MaskedRelu {};

// What backward reads at each row of its branch, of `width` channels; Function is the activation. `extras`:
// there may be dropout and, with silu, a residual.
template <class T, int width, class Function>
struct GradientSource : GradientTensors<T>::Branch {
    static constexpr bool is_masked = std::is_same_v<Function, MaskedRelu>,
                          is_relu = std::is_same_v<Function, Relu>, is_silu = std::is_same_v<Function, Silu>;
    static_assert(!is_masked || width == 8);

    const DropoutMask& dropout;
    int channels, channel;

    __device__ GradientSource(const GradientTensors<T>& tensors, int channels, int channel)
        : GradientTensors<T>::Branch(tensors.branches[blockIdx.z]),
          dropout(tensors.dropout),
          channels(channels),
          channel(channel) {}
    // The first of a row's elements.
    __device__ int64_t place(int64_t row) const { return row * channels + channel; }

    struct Loaded {
        Pack<T, width> grad_y, x, other;  // other: residual or y
        unsigned bits;                    // of the mask
    };
    template <bool extras>
    __device__ Loaded load(int64_t row) const {
        const int64_t first = place(row);
        Loaded loaded;
        loaded.grad_y = load_pack<width>(this->grad_y + first);
        loaded.x = load_pack<width>(this->x + first);
        if constexpr (is_silu && extras)
            if (this->residual != nullptr) loaded.other = load_pack<width>(this->residual + first);
        if constexpr (is_masked) loaded.bits = this->mask[static_cast<uint64_t>(first) / 8];
        if constexpr (is_relu) {
            if (width == 1 && this->mask != nullptr)
                loaded.bits = static_cast<unsigned>(this->mask[first / 8]) >> (first % 8);
            else
                loaded.other = load_pack<width>(this->y + first);
        }
        return loaded;
    }

    // g of a row. affine: what forward did, used for silu only.
    template <bool extras>
    __device__ void gradient(float (&g)[width], int64_t row, const Loaded& loaded,
                             const Affine<T> (&affine)[width]) const {
        const Pack<float, width> incoming = to_floats(loaded.grad_y);
#pragma unroll
        for (int i = 0; i < width; ++i) g[i] = incoming[i];
        through_activation<extras>(g, row, loaded, affine);
    }
    // From the gradient of y in g.
    template <bool extras>
    __device__ void through_activation(float (&g)[width], int64_t row, const Loaded& loaded,
                                       const Affine<T> (&affine)[width]) const {
        unsigned bits = loaded.bits;
        if constexpr (is_relu)
            if (width > 1 || this->mask == nullptr) {
                bits = 0;
#pragma unroll
                for (int i = 0; i < width; ++i)
                    if (to_float(loaded.other[i]) > 0.0f) bits |= 1u << i;
            }
        if constexpr (extras)
            if (dropout.active) dropout.apply(g, place(row));
        [[maybe_unused]] const Pack<float, width> x = to_floats(loaded.x);
#pragma unroll
        for (int i = 0; i < width; ++i) {
            if constexpr (is_relu || is_masked) g[i] = (bits >> i & 1u) != 0 ? g[i] : 0.0f;
            if constexpr (is_silu) {
                float before = affine[i](x[i]);
                if constexpr (extras)
                    if (this->residual != nullptr) before += to_float(loaded.other[i]);
                g[i] *= silu_derivative_for<T>(before);
            }
        }
    }
};

// What forward did to the channels from `channel` on, and their means.
template <class T, int width>
__device__ void read_channels(const BatchNormTable& table, int channel, Affine<T> (&affine)[width],
                              float (&mean)[width]) {
    Pack<float, width> means, inverses, weights, biases;
    if (width == 8 && table.packs) {
        const BatchNormTable::Group& group = table.of(channel);
        const int own = channel % table.size;
        means = load_pack<width>(group.saved_mean + own);
        inverses = load_pack<width>(group.saved_inverse_deviation + own);
        weights = load_pack<width>(group.weight + own);
        biases = load_pack<width>(group.bias + own);
    } else {
#pragma unroll
        for (int i = 0; i < width; ++i) {
            const BatchNormTable::Group& group = table.of(channel + i);
            const int own = (channel + i) % table.size;
            means[i] = group.saved_mean[own];
            inverses[i] = group.saved_inverse_deviation[own];
            weights[i] = group.weight[own];
            biases[i] = group.bias[own];
        }
    }
#pragma unroll
    for (int i = 0; i < width; ++i) {
        mean[i] = means[i];
        affine[i] = Affine<T>(means[i], inverses[i], weights[i], biases[i]);
    }
}

// grad_x = scale · g + slope · (x - centre) + constant, from Σg and Σg·(x - mean) of one channel; writes the
// gradients of weight and bias. share: 1 / R, 0 in inference.
template <class T>
struct GradientLine {
    Affine<T> affine;
    float slope, constant;

    __device__ GradientLine(const BatchNormTable& table, int channel, float plain, float deviating,
                            double share, bool write) {
        const BatchNormTable::Group& group = table.of(channel);
        const int own = channel % table.size;
        const float mean = group.saved_mean[own], inverse = group.saved_inverse_deviation[own];
        affine = Affine<T>(mean, inverse, group.weight[own], group.bias[own]);
        const float scaled = deviating * inverse;  // Σg·x̂
        if (write && group.grad_weight != nullptr) group.grad_weight[own] = scaled;
        if (write && group.grad_bias != nullptr) group.grad_bias[own] = plain;
        slope = -affine.scale * inverse * scaled * static_cast<float>(share);
        constant = -affine.scale * plain * static_cast<float>(share);
        if constexpr (!has_centre<T>) constant -= slope * mean;
    }
};

}  // namespace unmask
