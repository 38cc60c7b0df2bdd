// SPDX-License-Identifier: Apache-2.0
// Which inputs a pooling window reads, and which windows read an input.
#pragma once

#include <algorithm>

#include "cpu/parallel.h"
#include "engine/ops/pool.h"

namespace unmask {

struct PoolRange {
    int64_t begin, end;
    [[nodiscard]] int64_t size() const { return end - begin; }
};

// What output index i reads of an axis with `size` inputs.
inline PoolRange pool_window(int64_t i, size_t axis, int64_t size, const Pool2dParams& params) {
    const int64_t start = i * params.stride[axis] - params.padding[axis];
    return {std::max<int64_t>(start, 0), std::min(size, start + params.kernel[axis])};
}

// The output indices that read an input index.
inline PoolRange pool_readers(int64_t index, size_t axis, int64_t outputs, const Pool2dParams& params) {
    const int64_t reach = index + params.padding[axis], stride = params.stride[axis];
    const int64_t before = reach - params.kernel[axis];  // the last start that does not reach it
    return {before < 0 ? 0 : before / stride + 1, std::min(outputs, reach / stride + 1)};
}

// What the sum over a window is divided by.
inline int64_t pool_divisor(PoolRange rows, PoolRange columns, const Pool2dParams& params) {
    return params.count_padding ? int64_t{params.kernel[0]} * params.kernel[1] : rows.size() * columns.size();
}

// What output index i of adaptive pooling reads of an axis.
inline PoolRange adaptive_window(int64_t i, int64_t inputs, int64_t outputs) {
    return {i * inputs / outputs, ((i + 1) * inputs + outputs - 1) / outputs};
}

// Clears each input pixel, unless its gradient is added to, and calls visit(its gradient, the output pixel's
// offset, i, j, row, column) for the windows (i, j) that hold it, which are row_readers(row) x
// column_readers(column).
template <class T, class RowReaders, class ColumnReaders, class Visit>
void gather_windows(Tensor& grad_x, const Shape& y, RowReaders row_readers, ColumnReaders column_readers,
                    Visit visit, bool accumulate = false) {
    const int64_t height = grad_x.dim(1), width = grad_x.dim(2), channels = grad_x.dim(3);
    parallel_rows(grad_x.dim(0) * height, width * channels, [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; ++line) {
            const int64_t n = line / height, row = line % height;
            const PoolRange rows = row_readers(row);
            for (int64_t column = 0; column < width; ++column) {
                T* out = grad_x.data<T>() + (line * width + column) * channels;
                if (!accumulate) std::fill_n(out, channels, T(0));
                const PoolRange columns = column_readers(column);
                for (int64_t i = rows.begin; i < rows.end; ++i)
                    for (int64_t j = columns.begin; j < columns.end; ++j)
                        visit(out, ((n * y[1] + i) * y[2] + j) * channels, i, j, row, column);
            }
        }
    });
}

template <class T, class Visit>
void gather_windows(Tensor& grad_x, const Shape& y, const Pool2dParams& params, Visit visit) {
    gather_windows<T>(
        grad_x, y, [&](int64_t row) { return pool_readers(row, 0, y[1], params); },
        [&](int64_t column) { return pool_readers(column, 1, y[2], params); }, visit);
}

}  // namespace unmask
