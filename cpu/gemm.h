// SPDX-License-Identifier: Apache-2.0
// Products of matrices that lie in memory.
#pragma once

#include "cpu/gemm_blocks.h"
#include "engine/ops/activation.h"

namespace unmask {

// Element [i, j] is at data[i · row_stride + j · column_stride]; one of the strides is 1.
template <class T>
struct MatrixView {
    const T* data = nullptr;
    int64_t row_stride = 0, column_stride = 0;
};

// Packs columns [column, column + columns) over rows [k, k + depth) of b.
template <class T>
struct MatrixColumnPacker {
    MatrixView<T> b;
    void operator()(int64_t column, int columns, int64_t k, int64_t depth, T* panel) const {
        const T* from = b.data + k * b.row_stride + column * b.column_stride;
        if (b.column_stride == 1)
            pack_rows<GemmTile<T>::columns>(from, b.row_stride, columns, depth, panel);
        else
            pack_transposed<GemmTile<T>::columns>(from, b.column_stride, columns, depth, panel);
    }
};

// Packs rows [row, row + rows) over columns [k, k + depth) of a.
template <class T>
struct MatrixRowPacker {
    MatrixView<T> a;
    void operator()(int64_t row, int rows, int64_t k, int64_t depth, T* panel) const {
        const T* from = a.data + row * a.row_stride + k * a.column_stride;
        if (a.column_stride == 1)
            pack_transposed<GemmTile<T>::rows>(from, a.row_stride, rows, depth, panel);
        else
            pack_rows<GemmTile<T>::rows>(from, a.column_stride, rows, depth, panel);
    }
};

// What happens to a finished sum on its way to memory: c = activation(sum + bias[column] + residual).
template <class T>
struct GemmEpilogue {
    const T* bias = nullptr;
    const T* residual = nullptr;  // laid out as c
    Activation activation = Activation::none;
};

// Writes tiles to rows of c; row_offset(row) is where a row of the product begins in c.
template <class T, class RowOffset>
struct MatrixStore {
    T* c;
    RowOffset row_offset;
    GemmEpilogue<T> epilogue{};
    void operator()(int64_t row, int64_t column, int rows, int columns, const T* tile, bool first,
                    bool last) const;
};
template <class T, class RowOffset>
MatrixStore(T*, RowOffset, GemmEpilogue<T>) -> MatrixStore<T, RowOffset>;

// values[i] = activation(values[i] + bias[i] + residual[i]); bias and residual may be null.
template <class T>
void apply_epilogue(T* values, const T* bias, const T* residual, Activation activation, int count);

// c [m, n] with rows `pitch` apart = a · b + bias[n] (null: none).
template <class T>
void gemm(const GemmSizes& sizes, const MatrixView<T>& a, const MatrixView<T>& b, const T* bias, T* c,
          int64_t pitch);

template <class T, class RowOffset>
void MatrixStore<T, RowOffset>::operator()(int64_t row, int64_t column, int rows, int columns, const T* tile,
                                           bool first, bool last) const {
    const bool finish = last && (epilogue.bias != nullptr || epilogue.residual != nullptr ||
                                 epilogue.activation != Activation::none);
    for (int r = 0; r < rows; ++r, tile += GemmTile<T>::columns) {
        const int64_t offset = row_offset(row + r) + column;
        T* to = c + offset;
        if (first) {
            for (int i = 0; i < columns; ++i) to[i] = tile[i];
        } else {
#pragma omp simd
            for (int i = 0; i < columns; ++i) to[i] += tile[i];
        }
        if (finish)
            apply_epilogue(to, epilogue.bias == nullptr ? nullptr : epilogue.bias + column,
                           epilogue.residual == nullptr ? nullptr : epilogue.residual + offset,
                           epilogue.activation, columns);
    }
}

}  // namespace unmask
