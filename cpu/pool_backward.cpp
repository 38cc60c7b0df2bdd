// SPDX-License-Identifier: Apache-2.0
// Gradients of pooling, vectorised over channels. They gather: each input pixel visits the windows that hold
// it.
#include "cpu/dispatch.h"
#include "cpu/pool_window.h"
#include "engine/ops/pool.h"

namespace unmask {
namespace {

void max_backward(const Tensor& grad_y, const Tensor& argmax, Tensor& grad_x, const Pool2dParams& params) {
    const int64_t channels = grad_x.dim(3);
    dispatch_floating(max_pool2d_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto visit = [&](T* out, int64_t offset, int64_t i, int64_t j, int64_t row, int64_t column) {
            const T* gradient = grad_y.data<T>() + offset;
            const uint8_t* winner = argmax.data<uint8_t>() + offset;
            const int64_t place = (row - i * params.stride[0] + params.padding[0]) * params.kernel[1] +
                                  column - j * params.stride[1] + params.padding[1];
            const auto here = static_cast<uint8_t>(place);
#pragma omp simd
            for (int64_t c = 0; c < channels; ++c) out[c] += winner[c] == here ? gradient[c] : T(0);
        };
        gather_windows<T>(grad_x, grad_y.shape(), params, visit);
    });
}

template <class T>
void add_scaled(const T* x, T scale, T* y, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) y[i] += scale * x[i];
}

void average_backward(const Tensor& grad_y, Tensor& grad_x, const Pool2dParams& params) {
    const int64_t height = grad_x.dim(1), width = grad_x.dim(2), channels = grad_x.dim(3);
    dispatch_floating(average_pool2d_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto visit = [&](T* out, int64_t offset, int64_t i, int64_t j, int64_t, int64_t) {
            const int64_t count =
                pool_divisor(pool_window(i, 0, height, params), pool_window(j, 1, width, params), params);
            add_scaled(grad_y.data<T>() + offset, T(1) / static_cast<T>(count), out, channels);
        };
        gather_windows<T>(grad_x, grad_y.shape(), params, visit);
    });
}

// The adaptive windows that hold an input index: [i·H / H', (i + 1)·H / H') meets [index, index + 1).
PoolRange adaptive_readers(int64_t index, int64_t inputs, int64_t outputs) {
    return {index * outputs / inputs, ((index + 1) * outputs + inputs - 1) / inputs};
}

void adaptive_backward(const Tensor& grad_y, Tensor& grad_x, bool accumulate) {
    const int64_t height = grad_x.dim(1), width = grad_x.dim(2), channels = grad_x.dim(3);
    const int64_t out_height = grad_y.dim(1), out_width = grad_y.dim(2);
    dispatch_floating(adaptive_average_pool2d_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const auto visit = [&](T* out, int64_t offset, int64_t i, int64_t j, int64_t, int64_t) {
            const int64_t count =
                adaptive_window(i, height, out_height).size() * adaptive_window(j, width, out_width).size();
            add_scaled(grad_y.data<T>() + offset, T(1) / static_cast<T>(count), out, channels);
        };
        gather_windows<T>(
            grad_x, grad_y.shape(), [&](int64_t row) { return adaptive_readers(row, height, out_height); },
            [&](int64_t column) { return adaptive_readers(column, width, out_width); }, visit, accumulate);
    });
}

const KernelEntry max_entry{max_pool2d_backward, Backend::portable, &max_backward};
const KernelEntry average_entry{average_pool2d_backward, Backend::portable, &average_backward};
const KernelEntry adaptive_entry{adaptive_average_pool2d_backward, Backend::portable, &adaptive_backward};

}  // namespace
}  // namespace unmask
