// SPDX-License-Identifier: Apache-2.0
// Activations, one pass over memory each.
#include "engine/ops/activation.h"

#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"
#include "engine/error.h"

namespace unmask {
namespace {

template <class T, class Function>
void map(const T* x, T* y, int64_t count, Function function) {
    parallel_for(count, elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) y[i] = function(x[i]);
    });
}

template <class T>
void run_forward(const Tensor& x, Tensor& y, const ActivationParams& params) {
    const T* in = x.data<T>();
    T* out = y.data<T>();
    const T slope = static_cast<T>(params.slope);
    switch (params.kind) {
        case Activation::none:
            return map(in, out, x.numel(), Identity{});
        case Activation::relu:
            return map(in, out, x.numel(), Relu{});
        case Activation::silu:
            return map(in, out, x.numel(), Silu{});
        case Activation::sigmoid:
            return map(in, out, x.numel(), [](T v) { return sigmoid_of(v); });
        case Activation::leaky_relu:
            return map(in, out, x.numel(), [=](T v) { return v < T(0) ? slope * v : v; });
    }
}

void forward(const Tensor& x, Tensor& y, const ActivationParams& params) {
    dispatch_floating(activation_forward.name(), x,
                      [&](auto zero) { run_forward<decltype(zero)>(x, y, params); });
}

const KernelEntry entry{activation_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
