// SPDX-License-Identifier: Apache-2.0
// Pooling, vectorised over channels.
#include "engine/ops/pool.h"

#include <algorithm>
#include <array>

#include "cpu/dispatch.h"
#include "cpu/max_window.h"
#include "cpu/parallel.h"
#include "cpu/pool_window.h"
#include "engine/inference_only.h"

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
                    if (!inference_only && argmax.defined())
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
            return 1.0 / static_cast<double>(pool_divisor(rows, columns, params));
        });
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

const KernelEntry max_entry{max_pool2d_forward, Backend::portable, &max_forward};
const KernelEntry average_entry{average_pool2d_forward, Backend::portable, &average_forward};
const KernelEntry adaptive_entry{adaptive_average_pool2d_forward, Backend::portable, &adaptive_forward};

}  // namespace
}  // namespace unmask
