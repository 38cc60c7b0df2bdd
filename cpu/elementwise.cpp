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

void affine_map(const Tensor& x, Tensor& y, double scale, double shift) {
    dispatch_floating(affine_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        map<T>(x, y, [s = static_cast<T>(scale), t = static_cast<T>(shift)](T v) { return s * v + t; });
    });
}

const KernelEntry binary_entry{binary_forward, Backend::portable, &binary};
const KernelEntry unary_entry{unary_forward, Backend::portable, &unary};
const KernelEntry affine_entry{affine_forward, Backend::portable, &affine_map};

}  // namespace
}  // namespace unmask
