// SPDX-License-Identifier: Apache-2.0
// What follows a convolution's sums: y = activation(sum + bias + residual).
#pragma once

#include "cuda/activation_functions.cuh"

namespace unmask {

template <class T>
struct Epilogue {
    const T *bias, *residual;  // [C] and like y; null: none
    Activation activation;

    Epilogue(const Tensor& bias_tensor, const Tensor& residual_tensor, Activation kind)
        : bias(bias_tensor.defined() ? bias_tensor.data<T>() : nullptr),
          residual(residual_tensor.defined() ? residual_tensor.data<T>() : nullptr),
          activation(kind) {
        if (kind != Activation::none && kind != Activation::relu && kind != Activation::silu)
            fail("conv2d: expected activation none, relu or silu, found {}", name_of(kind));
    }

    // The results of the elements from `place` on, of the channels from `channel` on.
    template <int width>
    __device__ Pack<T, width> operator()(const Pack<float, width>& sums, int channel, int64_t place) const {
        Pack<float, width> values = sums;
        if (bias != nullptr) add(values, load_pack<width>(bias + channel));
        if (residual != nullptr) add(values, load_pack<width>(residual + place));
        if (activation == Activation::relu) map(values, Relu{});
        if (activation == Activation::silu) map(values, Silu{});
        Pack<T, width> result;
#pragma unroll
        for (int i = 0; i < width; ++i) result[i] = from_float<T>(values[i]);
        return result;
    }

  private:
    template <int width>
    static __device__ void add(Pack<float, width>& values, const Pack<T, width>& terms) {
#pragma unroll
        for (int i = 0; i < width; ++i) values[i] += to_float(terms[i]);
    }
    template <int width, class Function>
    static __device__ void map(Pack<float, width>& values, Function function) {
#pragma unroll
        for (int i = 0; i < width; ++i) values[i] = function(values[i]);
    }
};

}  // namespace unmask
