// SPDX-License-Identifier: Apache-2.0
// The activations as device functions, for kernels that fuse them.
#pragma once

#include "cuda/device.cuh"
#include "engine/ops/activation.h"

namespace unmask {

// The denominator is at least 1, so that the division within 2 ulp is as good as the rounded one, which may
// call a subroutine.
__device__ inline float sigmoid_of(float x) {
#if defined(__CUDACC__)
    return __fdividef(1.0f, 1.0f + expf(-x));
#else
    return 1.0f / (1.0f + expf(-x));
#endif
}

struct Identity {
    __device__ float operator()(float x) const { return x; }
};
// NaN stays NaN.
struct Relu {
    __device__ float operator()(float x) const { return x < 0.0f ? 0.0f : x; }
};
struct Silu {
    __device__ float operator()(float x) const { return x * sigmoid_of(x); }
};

// For values that are kept as T: bf16's rounding hides what the hardware's own functions lose.
template <class T>
__device__ float sigmoid_for(float x) {
    if constexpr (sizeof(T) < sizeof(float))
        return quick_reciprocal(1.0f + quick_power_of_two(x * -1.44269504f));
    else
        return sigmoid_of(x);
}
template <class T, class Function>
__device__ float activate_for(Function function, float x) {
    if constexpr (std::is_same_v<Function, Silu>)
        return x * sigmoid_for<T>(x);
    else
        return function(x);
}
template <class T>
__device__ float silu_derivative_for(float x) {
    const float s = sigmoid_for<T>(x);
    return s * (1.0f + x * (1.0f - s));
}

__device__ inline float silu_derivative(float x) {
    return silu_derivative_for<float>(x);
}

// Calls function(activation) with Identity, Relu or Silu; Error for one that is not fused.
template <class Function>
void dispatch_fused_activation(Activation activation, Function&& function) {
    switch (activation) {
        case Activation::none:
            return function(Identity{});
        case Activation::relu:
            return function(Relu{});
        case Activation::silu:
            return function(Silu{});
        default:
            fail("fused activation: expected none, relu or silu, found {}", name_of(activation));
    }
}

}  // namespace unmask
