// SPDX-License-Identifier: Apache-2.0
// Batch norm backward behind a gate: the gradient that comes back is put together from its parts where it is
// read, so that none is written in between.
#pragma once

#include "cuda/batch_norm_gradient.cuh"
#include "cuda/index.cuh"

namespace unmask {

// In the place of SiLU.
struct GatedSilu {};

template <class T, int width>
struct GradientSource<T, width, GatedSilu> : GradientSource<T, width, Silu> {
    using Plain = GradientSource<T, width, Silu>;
    int64_t pixels;
    float share;

    __device__ explicit GradientSource(const GradientTensors<T>& tensors)
        : Plain(tensors), pixels(tensors.pixels), share(1.0f / static_cast<float>(tensors.pixels)) {}

    struct Loaded : Plain::Loaded {
        Pack<float, width> weights, means;
    };
    __device__ Loaded load(int64_t row, int channels, int channel) const {
        Loaded loaded;
        static_cast<typename Plain::Loaded&>(loaded) = Plain::load(row, channels, channel);
        const int64_t place = quotient(row, pixels) * channels + channel;
        loaded.weights = load_pack<width>(this->weights + place);
        loaded.means = Pack<float, width>{};
        if (this->grad_means != nullptr) loaded.means = load_pack<width>(this->grad_means + place);
        return loaded;
    }
    template <bool dropped>
    __device__ void gradient(float (&g)[width], int64_t first, const Loaded& loaded,
                             const Affine<T> (&affine)[width]) const {
        const Pack<float, width> incoming = to_floats(loaded.grad_y);
#pragma unroll
        for (int i = 0; i < width; ++i) g[i] = incoming[i] * loaded.weights[i] + loaded.means[i] * share;
        this->template through_activation<dropped>(g, first, loaded, affine);
    }
};

}  // namespace unmask
