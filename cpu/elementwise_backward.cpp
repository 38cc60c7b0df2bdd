// SPDX-License-Identifier: Apache-2.0
// Gradients of elementwise functions.
#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

template <class T, class Op>
void map_gradient(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x, Op op) {
    const T* gradient = grad_y.data<T>();
    const T* in = x.data<T>();
    const T* result = y.data<T>();
    T* out = grad_x.data<T>();
    parallel_for(grad_y.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) out[i] = op(gradient[i], in[i], result[i]);
    });
}

void unary_gradient(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x, UnaryOp op) {
    dispatch_floating(unary_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto run = [&](auto derivative) { map_gradient<T>(grad_y, x, y, grad_x, derivative); };
        switch (op) {
            case UnaryOp::negate:
                return run([](T g, T, T) { return -g; });
            case UnaryOp::exp:
                return run([](T g, T, T e) { return g * e; });
            case UnaryOp::log:
                return run([](T g, T v, T) { return g / v; });
            case UnaryOp::sqrt:
                return run([](T g, T, T root) { return g / (root + root); });
            case UnaryOp::square:
                return run([](T g, T v, T) { return g * (v + v); });
            case UnaryOp::reciprocal:
                return run([](T g, T, T inverse) { return -g * inverse * inverse; });
            case UnaryOp::abs:
                return run([](T g, T v, T) { return v > T(0) ? g : (v < T(0) ? -g : T(0)); });
        }
    });
}

const KernelEntry entry{unary_backward, Backend::portable, &unary_gradient};

}  // namespace
}  // namespace unmask
