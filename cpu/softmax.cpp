// SPDX-License-Identifier: Apache-2.0
// Softmax and log-softmax over the last dimension, one row after the other.
#include "engine/ops/softmax.h"

#include <cmath>
#include <limits>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"

namespace unmask {
namespace {

template <class T>
T largest(const T* x, int64_t count) {
    T result = -std::numeric_limits<T>::infinity();
#pragma omp simd reduction(max : result)
    for (int64_t i = 0; i < count; ++i) result = x[i] > result ? x[i] : result;
    return result;
}

template <class T>
void forward_row(const T* x, T* y, int64_t count, bool logarithm) {
    const T maximum = largest(x, count);
    T sum = 0;
    if (logarithm) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < count; ++i) sum += exponential(x[i] - maximum);
        const T log_sum = std::log(sum);
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - maximum) - log_sum;
        return;
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i) {
        y[i] = exponential(x[i] - maximum);
        sum += y[i];
    }
    const T scale = T(1) / sum;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) y[i] *= scale;
}

// softmax: y·(g - Σ g·y); log-softmax: g - e^y · Σ g.
template <class T>
void backward_row(const T* gradient, const T* y, T* out, int64_t count, bool logarithm) {
    T sum = 0;
    if (logarithm) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < count; ++i) sum += gradient[i];
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) out[i] = gradient[i] - exponential(y[i]) * sum;
        return;
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i) sum += gradient[i] * y[i];
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) out[i] = y[i] * (gradient[i] - sum);
}

int64_t row_length(const Tensor& x) {
    return x.rank() == 0 ? 1 : x.dim(-1);
}

void forward(const Tensor& x, Tensor& y, bool logarithm) {
    const int64_t columns = row_length(x);
    if (x.numel() == 0) return;
    dispatch_floating(softmax_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        parallel_rows(x.numel() / columns, columns, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row)
                forward_row(in + row * columns, out + row * columns, columns, logarithm);
        });
    });
}

void backward(const Tensor& grad_y, const Tensor& y, Tensor& grad_x, bool logarithm) {
    const int64_t columns = row_length(y);
    if (y.numel() == 0) return;
    dispatch_floating(softmax_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const T* gradient = grad_y.data<T>();
        const T* result = y.data<T>();
        T* out = grad_x.data<T>();
        parallel_rows(y.numel() / columns, columns, [&](int64_t begin, int64_t end) {
            for (int64_t row = begin; row < end; ++row) {
                const int64_t offset = row * columns;
                backward_row(gradient + offset, result + offset, out + offset, columns, logarithm);
            }
        });
    });
}

const KernelEntry forward_entry{softmax_forward, Backend::portable, &forward};
const KernelEntry backward_entry{softmax_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
