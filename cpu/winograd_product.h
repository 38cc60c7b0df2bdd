// SPDX-License-Identifier: Apache-2.0
// The products of Winograd's convolutions: one point of the tiles at a time.
#pragma once

#include "cpu/winograd_stages.h"

namespace unmask::winograd {

// product [rows][panel_columns] = a [rows][depth], rows `pitch` apart, · b [depth][panel_columns]; with
// `adds` what product holds and that. Meanwhile `fetched` · depth vectors from `next` on are brought into the
// second-level cache.
template <int rows, int fetched, bool adds = false>
void multiply_rows(int64_t depth, const float* a, int64_t pitch, const float* b, float* product,
                   const float* next) {
    Vector sums[rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        sums[r][0] = adds ? Vectors::at(product + r * panel_columns) : Vector{};
        sums[r][1] = adds ? Vectors::at(product + r * panel_columns + lanes) : Vector{};
    }
    for (int64_t d = 0; d < depth; ++d, b += panel_columns) {
        const Vector left = Vectors::at(b), right = Vectors::at(b + lanes);
#pragma GCC unroll 2
        for (int i = 0; i < fetched; ++i, next += lanes) __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            sums[r][0] += a[r * pitch + d] * left;
            sums[r][1] += a[r * pitch + d] * right;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        Vectors::at(product + r * panel_columns) = sums[r][0];
        Vectors::at(product + r * panel_columns + lanes) = sums[r][1];
    }
}

// The same of any number of rows, with nothing fetched.
inline void multiply_part(bool adds, int64_t rows, int64_t depth, const float* a, int64_t pitch,
                          const float* b, float* product) {
    for_row_parts(rows, [&](auto count, int64_t row) {
        const float* from = a + row * pitch;
        float* to = product + row * panel_columns;
        if (adds)
            multiply_rows<count, 0, true>(depth, from, pitch, b, to, nullptr);
        else
            multiply_rows<count, 0, false>(depth, from, pitch, b, to, nullptr);
    });
}

}  // namespace unmask::winograd
