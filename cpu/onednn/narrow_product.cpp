// SPDX-License-Identifier: Apache-2.0
#include "cpu/onednn/narrow_product.h"

#include "cpu/parallel.h"
#include "cpu/simd.h"

namespace unmask::onednn {
namespace {

using Vectors = Simd<float>;
using Vector = Vectors::Register;
constexpr int most_rows = 4, most_columns = Vectors::registers == 32 ? 4 : 2;

float sum_of(Vector vector) {
    float sum = 0;
    for (int lane = 0; lane < Vectors::lanes; ++lane) sum += vector[lane];
    return sum;
}

// y[r][c] = Σ_d a[r][d] · b[c][d] + bias[c].
template <int rows, int columns>
void multiply(int64_t n, int64_t k, const float* a, const float* b, const float* bias, float* y) {
    Vector sums[rows][columns];
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int c = 0; c < columns; ++c) sums[r][c] = Vector{};
    int64_t d = 0;
    for (; d + Vectors::lanes <= k; d += Vectors::lanes) {
        Vector right[columns];
#pragma GCC unroll 4
        for (int c = 0; c < columns; ++c) right[c] = Vectors::at(b + c * k + d);
#pragma GCC unroll 4
        for (int r = 0; r < rows; ++r) {
            const Vector left = Vectors::at(a + r * k + d);
#pragma GCC unroll 4
            for (int c = 0; c < columns; ++c) sums[r][c] += left * right[c];
        }
    }
    for (int r = 0; r < rows; ++r)
        for (int c = 0; c < columns; ++c) {
            float sum = sum_of(sums[r][c]);
            for (int64_t tail = d; tail < k; ++tail) sum += a[r * k + tail] * b[c * k + tail];
            y[r * n + c] = bias == nullptr ? sum : sum + bias[c];
        }
}

// The same of all rows.
template <int columns>
void multiply_columns(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                      float* y) {
    int64_t row = 0;
    for (; row + most_rows <= m; row += most_rows)
        multiply<most_rows, columns>(n, k, a + row * k, b, bias, y + row * n);
    for (; row < m; ++row) multiply<1, columns>(n, k, a + row * k, b, bias, y + row * n);
}

}  // namespace

void narrow_product(int64_t m, int64_t n, int64_t k, const float* a, const float* b, const float* bias,
                    float* y) {
    constexpr int64_t columns_at_once = 32;
    parallel_for(n, columns_at_once, [&](int64_t begin, int64_t end) {
        const auto offsets = [&](int64_t column) { return bias == nullptr ? nullptr : bias + column; };
        int64_t column = begin;
        for (; column + most_columns <= end; column += most_columns)
            multiply_columns<most_columns>(m, n, k, a, b + column * k, offsets(column), y + column);
        for (; column < end; ++column)
            multiply_columns<1>(m, n, k, a, b + column * k, offsets(column), y + column);
    });
}

}  // namespace unmask::onednn
