// SPDX-License-Identifier: Apache-2.0
// Pooling, vectorised over channels. The gradients gather: each input pixel visits the windows that hold it.
#include "engine/ops/pool.h"

#include <algorithm>
#include <array>

#include "cpu/dispatch.h"
#include "cpu/max_window.h"
#include "cpu/parallel.h"
#include "cpu/pool_window.h"

namespace unmask {
namespace {

void max_forward(const Tensor& x, Tensor& y, Tensor& argmax, const Pool2dParams& params) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3), out_height = y.dim(1),
                  out_width = y.dim(2);
    dispatch_ordered(max_pool2d_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        parallel_rows(y.dim(0) * out_height, out_width * channels, [&](int64_t begin, int64_t end) {
            for (int64_t line = begin; line < end; ++line) {
                const int64_t i = line % out_height;
                const PoolRange rows = pool_window(i, 0, height, params);
                const T* image = x.data<T>() + line / out_height * height * width * channels;
                for (int64_t j = 0; j < out_width; ++j) {
                    const PoolRange columns = pool_window(j, 1, width, params);
                    const int64_t first_row = i * params.stride[0] - params.padding[0];
                    const int64_t first_column = j * params.stride[1] - params.padding[1];
                    const int64_t offset = (line * out_width + j) * channels;
                    T* out = y.data<T>() + offset;
                    if (argmax.defined())
                        max_window<T, true>(image, width, channels, rows, columns, first_row, first_column,
                                            params.kernel[1], out, argmax.data<uint8_t>() + offset);
                    else
                        max_window<T, false>(image, width, channels, rows, columns, first_row, first_column,
                                             params.kernel[1], out, nullptr);
                }
            }
        });
    });
}

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

// What the sum over a window is divided by.
int64_t divisor(PoolRange rows, PoolRange columns, const Pool2dParams& params) {
    return params.count_padding ? int64_t{params.kernel[0]} * params.kernel[1] : rows.size() * columns.size();
}

constexpr int64_t strip = 128;

// y = scale · Σ of the window; rows of the window in float, their sum in float64.
template <class T>
void mean_window(const T* image, int64_t width, int64_t channels, PoolRange rows, PoolRange columns,
                 double scale, T* y) {
    std::array<T, strip> partial;
    std::array<double, strip> total;
    for (int64_t c0 = 0; c0 < channels; c0 += strip) {
        const int64_t count = std::min(strip, channels - c0);
        std::fill_n(total.data(), count, 0.0);
        for (int64_t row = rows.begin; row < rows.end; ++row) {
            std::fill_n(partial.data(), count, T(0));
            for (int64_t column = columns.begin; column < columns.end; ++column) {
                const T* from = image + (row * width + column) * channels + c0;
#pragma omp simd
                for (int64_t c = 0; c < count; ++c) partial[c] += from[c];
            }
#pragma omp simd
            for (int64_t c = 0; c < count; ++c) total[c] += static_cast<double>(partial[c]);
        }
        for (int64_t c = 0; c < count; ++c) y[c0 + c] = static_cast<T>(total[c] * scale);
    }
}

// rows_of(i) and columns_of(j) are the windows; scale_of(rows, columns) what the sums are multiplied by.
template <class RowsOf, class ColumnsOf, class ScaleOf>
void average(const Tensor& x, Tensor& y, const char* name, RowsOf rows_of, ColumnsOf columns_of,
             ScaleOf scale_of) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3), out_height = y.dim(1),
                  out_width = y.dim(2);
    dispatch_floating(name, x, [&](auto zero) {
        using T = decltype(zero);
        const int64_t work = x.numel() / std::max<int64_t>(y.dim(0) * out_height * out_width, 1);
        parallel_rows(
            y.dim(0) * out_height * out_width, std::max(work, channels), [&](int64_t begin, int64_t end) {
                for (int64_t pixel = begin; pixel < end; ++pixel) {
                    const int64_t line = pixel / out_width;
                    const PoolRange rows = rows_of(line % out_height),
                                    columns = columns_of(pixel % out_width);
                    mean_window(x.data<T>() + line / out_height * height * width * channels, width, channels,
                                rows, columns, scale_of(rows, columns), y.data<T>() + pixel * channels);
                }
            });
    });
}

void average_forward(const Tensor& x, Tensor& y, const Pool2dParams& params) {
    average(
        x, y, average_pool2d_forward.name(), [&](int64_t i) { return pool_window(i, 0, x.dim(1), params); },
        [&](int64_t j) { return pool_window(j, 1, x.dim(2), params); },
        [&](PoolRange rows, PoolRange columns) {
            return 1.0 / static_cast<double>(divisor(rows, columns, params));
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
                divisor(pool_window(i, 0, height, params), pool_window(j, 1, width, params), params);
            add_scaled(grad_y.data<T>() + offset, T(1) / static_cast<T>(count), out, channels);
        };
        gather_windows<T>(grad_x, grad_y.shape(), params, visit);
    });
}

PoolRange adaptive_window(int64_t i, int64_t inputs, int64_t outputs) {
    return {i * inputs / outputs, ((i + 1) * inputs + outputs - 1) / outputs};
}

// The adaptive windows that hold an input index: [i·H / H', (i + 1)·H / H') meets [index, index + 1).
PoolRange adaptive_readers(int64_t index, int64_t inputs, int64_t outputs) {
    return {index * outputs / inputs, ((index + 1) * outputs + inputs - 1) / inputs};
}

void adaptive_forward(const Tensor& x, Tensor& y) {
    average(
        x, y, adaptive_average_pool2d_forward.name(),
        [&](int64_t i) { return adaptive_window(i, x.dim(1), y.dim(1)); },
        [&](int64_t j) { return adaptive_window(j, x.dim(2), y.dim(2)); },
        [](PoolRange rows, PoolRange columns) {
            return 1.0 / static_cast<double>(rows.size() * columns.size());
        });
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

const KernelEntry max_forward_entry{max_pool2d_forward, Backend::portable, &max_forward};
const KernelEntry max_backward_entry{max_pool2d_backward, Backend::portable, &max_backward};
const KernelEntry average_forward_entry{average_pool2d_forward, Backend::portable, &average_forward};
const KernelEntry average_backward_entry{average_pool2d_backward, Backend::portable, &average_backward};
const KernelEntry adaptive_forward_entry{adaptive_average_pool2d_forward, Backend::portable,
                                         &adaptive_forward};
const KernelEntry adaptive_backward_entry{adaptive_average_pool2d_backward, Backend::portable,
                                          &adaptive_backward};

}  // namespace
}  // namespace unmask
