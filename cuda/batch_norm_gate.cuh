// SPDX-License-Identifier: Apache-2.0
// Batch norm backward behind a gate: the gradient that comes back is put together from its parts where it is
// read, so that none is written in between.
#pragma once

#include "cuda/batch_norm_gradient.cuh"

namespace unmask {

// In the place of SiLU. Less than 2^31 rows.
struct GatedSilu {};

template <class T, int width>
struct GradientSource<T, width, GatedSilu> : GradientSource<T, width, Silu> {
    using Plain = GradientSource<T, width, Silu>;

    __device__ GradientSource(const GradientTensors<T>& tensors, int channels, int channel)
        : Plain(tensors, channels, channel), pixels_(static_cast<uint32_t>(tensors.pixels)) {}

    template <bool extras>
    __device__ void gradient(float (&g)[width], int64_t row, const typename Plain::Loaded& loaded,
                             const Affine<T> (&affine)[width]) {
        seek(static_cast<uint32_t>(row));
        const Pack<float, width> incoming = to_floats(loaded.grad_y);
#pragma unroll
        for (int i = 0; i < width; ++i) g[i] = incoming[i] * gate_[i] + constant_[i];
        this->template through_activation<extras>(g, row, loaded, affine);
    }

  private:
    // Neighbouring rows are mostly of one image, whose weights stay in registers.
    __device__ void seek(uint32_t row) {
        if (row - first_ < count_) return;
        const uint32_t image = row / pixels_;
        first_ = image * pixels_;
        count_ = pixels_;
        gate_ = load_pack<width>(this->weights + this->place(image));
        constant_ = Pack<float, width>{};
        if (this->grad_means == nullptr) return;
        const float share = 1.0f / static_cast<float>(pixels_);
        const Pack<float, width> sums = load_pack<width>(this->grad_means + this->place(image));
#pragma unroll
        for (int i = 0; i < width; ++i) constant_[i] = sums[i] * share;
    }

    uint32_t pixels_, first_ = 0, count_ = 0;  // of an image; rows of the one at hand
    Pack<float, width> gate_, constant_;
};

}  // namespace unmask
