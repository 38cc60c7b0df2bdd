// SPDX-License-Identifier: Apache-2.0
// Elementwise arithmetic with broadcasting.
#include "engine/ops/elementwise.h"

#include <cmath>

#include "cpu/broadcast.h"
#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"

namespace unmask {
namespace {

// y[i] = op(a[i], b[i]), where an operand with step 0 is one value for all.
template <class T, class Op>
void run_binary_row(const T* a, int64_t step_a, const T* b, int64_t step_b, T* y, int64_t count, Op op) {
    if (step_a != 0 && step_b != 0) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) y[i] = op(a[i], b[i]);
    } else if (step_a != 0) {
        const T value = *b;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) y[i] = op(a[i], value);
    } else {
        const T value = *a;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) y[i] = op(value, b[i * step_b]);
    }
}

template <class T, class Op>
void run_binary(const Tensor& a, const Tensor& b, Tensor& y, Op op) {
    const T* left = a.data<T>();
    const T* right = b.data<T>();
    T* out = y.data<T>();
    const BroadcastLoop<2> loop(y.shape(), {a.shape(), b.shape()});
    loop.run([&](int64_t offset, const auto& offsets, int64_t count, const auto& steps) {
        run_binary_row(left + offsets[0], steps[0], right + offsets[1], steps[1], out + offset, count, op);
    });
}

void binary(const Tensor& a, const Tensor& b, Tensor& y, BinaryOp op) {
    dispatch_floating(binary_forward.name(), a, [&](auto zero) {
        using T = decltype(zero);
        switch (op) {
            case BinaryOp::add:
                return run_binary<T>(a, b, y, [](T l, T r) { return l + r; });
            case BinaryOp::subtract:
                return run_binary<T>(a, b, y, [](T l, T r) { return l - r; });
            case BinaryOp::multiply:
                return run_binary<T>(a, b, y, [](T l, T r) { return l * r; });
            case BinaryOp::divide:
                return run_binary<T>(a, b, y, [](T l, T r) { return l / r; });
        }
    });
}

template <class T, class Op>
void map(const Tensor& x, Tensor& y, Op op) {
    const T* in = x.data<T>();
    T* out = y.data<T>();
    parallel_for(x.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) out[i] = op(in[i]);
    });
}

void unary(const Tensor& x, Tensor& y, UnaryOp op) {
    dispatch_floating(unary_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        switch (op) {
            case UnaryOp::negate:
                return map<T>(x, y, [](T v) { return -v; });
            case UnaryOp::exp:
                return map<T>(x, y, [](T v) { return exponential(v); });
            case UnaryOp::log:
                return map<T>(x, y, [](T v) { return std::log(v); });
            case UnaryOp::sqrt:
                return map<T>(x, y, [](T v) { return std::sqrt(v); });
            case UnaryOp::square:
                return map<T>(x, y, [](T v) { return v * v; });
            case UnaryOp::reciprocal:
                return map<T>(x, y, [](T v) { return T(1) / v; });
            case UnaryOp::abs:
                return map<T>(x, y, [](T v) { return std::fabs(v); });
        }
    });
}

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

void affine_map(const Tensor& x, Tensor& y, double scale, double shift) {
    dispatch_floating(affine_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        map<T>(x, y, [s = static_cast<T>(scale), t = static_cast<T>(shift)](T v) { return s * v + t; });
    });
}

const KernelEntry binary_entry{binary_forward, Backend::portable, &binary};
const KernelEntry unary_entry{unary_forward, Backend::portable, &unary};
const KernelEntry unary_backward_entry{unary_backward, Backend::portable, &unary_gradient};
const KernelEntry affine_entry{affine_forward, Backend::portable, &affine_map};

}  // namespace
}  // namespace unmask
