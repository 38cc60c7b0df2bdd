// SPDX-License-Identifier: Apache-2.0
// Scalar functions that the compiler turns into vector code when they are called in a loop: no branches, no
// calls.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "engine/error.h"
#include "engine/ops/activation.h"

namespace unmask {

// e^x within about 1 ulp: x = n·ln 2 + r, |r| <= ln 2 / 2, e^x = 2^n · Σ r^i / i! (i up to 7 leaves 5e-9).
// The power of two is applied in two halves, so that results down to the smallest subnormal and up to
// infinity come out right.
inline float exponential(float x) {
    constexpr float rounder =
        12582912.0f;  // 1.5 · 2^23: adding it leaves the nearest integer in the low bits
    const float clamped = x < -104.0f ? -104.0f : (x > 89.0f ? 89.0f : x);
    const float shifted = clamped * 1.44269504f + rounder;
    const float n = shifted - rounder;
    const float r =
        (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts, the first one short
    float sum = 1.0f / 5040.0f;
    sum = sum * r + 1.0f / 720.0f;
    sum = sum * r + 1.0f / 120.0f;
    sum = sum * r + 1.0f / 24.0f;
    sum = sum * r + 1.0f / 6.0f;
    sum = sum * r + 0.5f;
    sum = sum * r * r + r + 1.0f;
    const int32_t power = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(rounder);
    const int32_t half = power >> 1;
    const float low = std::bit_cast<float>((half + 127) << 23);
    const float high = std::bit_cast<float>((power - half + 127) << 23);
    return sum * low * high;
}
inline double exponential(double x) {
    return std::exp(x);
}

template <class T>
T sigmoid_of(T x) {
    return T(1) / (T(1) + exponential(-x));
}
template <class T>
T silu_of(T x) {
    return x / (T(1) + exponential(-x));
}
// Not a number stays one, unlike with std::max.
template <class T>
T relu_of(T x) {
    return x < T(0) ? T(0) : x;
}

// σ(x)·(1 + x·(1 - σ(x)))
template <class T>
T silu_derivative(T x) {
    const T s = sigmoid_of(x);
    return s * (T(1) + x * (T(1) - s));
}

// The activations that kernels fuse, as types, so that their loops have no branch.
struct Identity {
    template <class T>
    T operator()(T x) const {
        return x;
    }
};
struct Relu {
    template <class T>
    T operator()(T x) const {
        return relu_of(x);
    }
};
struct Silu {
    template <class T>
    T operator()(T x) const {
        return silu_of(x);
    }
};

// Calls visit with the type of a fused activation: none, relu or silu (asserted).
template <class Visit>
void dispatch_fused_activation(Activation activation, Visit&& visit) {
    switch (activation) {
        case Activation::none:
            return visit(Identity{});
        case Activation::relu:
            return visit(Relu{});
        case Activation::silu:
            return visit(Silu{});
        default:
            UNMASK_ASSERT(activation == Activation::none);
    }
}

}  // namespace unmask
