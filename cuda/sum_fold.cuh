// SPDX-License-Identifier: Apache-2.0
// Sums as a fold: y = scale · Σ x, with Kahan's compensation for what a thread adds up one after the other.
#pragma once

#include "cuda/fold.cuh"

namespace unmask {

template <class X, class Y>
struct SumFold {
    Y* y;
    float scale;

    using Element = X;
    using Value = float;
    struct State {
        float total, lost;
    };
    static constexpr float identity = 0.0f;
    __device__ State start(int64_t) const { return {0.0f, 0.0f}; }
    __device__ void add(State& state, X element, int64_t) const {
        const float term = to_float(element) - state.lost;
        const float total = state.total + term;
        const float lost = (total - state.total) - term;
        state = {total, lost == lost ? lost : 0.0f};  // an infinite total stays infinite
    }
    __device__ float value(const State& state) const { return state.total; }
    static __device__ float join(float a, float b) { return a + b; }
    __device__ void finish(int64_t output, float value) const { y[output] = from_float<Y>(value * scale); }
};

}  // namespace unmask
