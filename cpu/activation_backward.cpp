// SPDX-License-Identifier: Apache-2.0
// Gradients of activations, one pass over memory each.
#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"
#include "engine/ops/activation.h"

namespace unmask {
namespace {

template <class T, class Function>
void map(const T* a, const T* b, T* y, int64_t count, Function function) {
    parallel_for(count, elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) y[i] = function(a[i], b[i]);
    });
}

template <class T>
void run_backward(const Tensor& grad_y, const Tensor& saved, Tensor& grad_x, const ActivationParams& params) {
    const T* gradient = grad_y.data<T>();
    const T* kept = saved.data<T>();
    T* out = grad_x.data<T>();
    const int64_t count = grad_y.numel();
    const T slope = static_cast<T>(params.slope);
    switch (params.kind) {
        case Activation::none:
            return map(gradient, kept, out, count, [](T g, T) { return g; });
        case Activation::relu:
            return map(gradient, kept, out, count, [](T g, T y) { return y > T(0) ? g : T(0); });
        case Activation::silu:
            return map(gradient, kept, out, count, [](T g, T x) { return g * silu_derivative(x); });
        case Activation::sigmoid:
            return map(gradient, kept, out, count, [](T g, T y) { return g * y * (T(1) - y); });
        case Activation::leaky_relu:
            return map(gradient, kept, out, count, [=](T g, T y) { return y > T(0) ? g : slope * g; });
    }
}

void backward(const Tensor& grad_y, const Tensor& saved, Tensor& grad_x, const ActivationParams& params) {
    dispatch_floating(activation_backward.name(), grad_y,
                      [&](auto zero) { run_backward<decltype(zero)>(grad_y, saved, grad_x, params); });
}

const KernelEntry entry{activation_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
