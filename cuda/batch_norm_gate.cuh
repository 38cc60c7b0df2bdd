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

    __device__ GradientSource(const GradientTensors<T>& tensors, int channels, int channel)
        : Plain(tensors, channels, channel), pixels_(tensors.pixels) {}

    template <bool extras>
    __device__ void gradient(float (&g)[width], int64_t row, const typename Plain::Loaded& loaded,
                             const Affine<T> (&affine)[width]) {
        seek(row);
        const Pack<float, width> incoming = to_floats(loaded.grad_y);
#pragma unroll
        for (int i = 0; i < width; ++i) g[i] = incoming[i] * gate_[i] + constant_[i];
        this->template through_activation<extras>(g, row, loaded, affine);
    }

  private:
    // Neighbouring rows are mostly of one image, whose weights stay in registers.
    __device__ void seek(int64_t row) {
        if (static_cast<uint64_t>(row - first_) < static_cast<uint64_t>(end_ - first_)) return;
        const int64_t image = quotient(row, pixels_);
        first_ = image * pixels_;
        end_ = first_ + pixels_;
        gate_ = load_pack<width>(this->weights + this->place(image));
        constant_ = Pack<float, width>{};
        if (this->grad_means == nullptr) return;
        const float share = 1.0f / static_cast<float>(pixels_);
        const Pack<float, width> sums = load_pack<width>(this->grad_means + this->place(image));
#pragma unroll
        for (int i = 0; i < width; ++i) constant_[i] = sums[i] * share;
    }

    int64_t pixels_, first_ = 0, end_ = 0;  // rows of the image at hand
    Pack<float, width> gate_, constant_;
};

}  // namespace unmask
