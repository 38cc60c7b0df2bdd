// SPDX-License-Identifier: Apache-2.0
// The innermost part of a matrix product: a tile of c = a·b held in registers while a panel of a
// [depth][rows] and a panel of b [depth][columns] stream by. Written with the compiler's vector extension for
// any instruction set.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/simd.h"

namespace unmask {

template <class T>
struct GemmTile {
    using Vectors = Simd<T>;
    static constexpr int lanes = Vectors::lanes;
    static constexpr int rows = Vectors::registers == 32 ? 12 : 6;  // leaves registers for both factors
    static constexpr int columns = 2 * lanes;
    static constexpr int size = rows * columns;

    // tile [rows][columns] = Σ_d a[d][row] · b[d][column]
    static void multiply(int64_t depth, const T* a, const T* b, T* tile) {
        typename Vectors::Vector sums[rows][2];
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) sums[r][0] = sums[r][1] = typename Vectors::Vector{};
        for (int64_t d = 0; d < depth; ++d, a += rows, b += columns) {
            const auto left = Vectors::at(b);
            const auto right = Vectors::at(b + lanes);
#pragma GCC unroll 16
            for (int r = 0; r < rows; ++r) {
                sums[r][0] += a[r] * left;
                sums[r][1] += a[r] * right;
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            Vectors::at(tile + r * columns) = sums[r][0];
            Vectors::at(tile + r * columns + lanes) = sums[r][1];
        }
    }
};

// Packs `count` rows of `depth` neighbouring elements, `pitch` apart, into panel[d][width], zeros beyond
// `count`.
template <int width, class T>
void pack_transposed(const T* source, int64_t pitch, int count, int64_t depth, T* panel) {
    typedef T Quad __attribute__((vector_size(4 * sizeof(T)), aligned(alignof(T)), may_alias));
    static_assert(width % 2 == 0);
    int row = 0;
    for (; row + 4 <= count; row += 4) {
        const T* from = source + row * pitch;
        T* to = panel + row;
        int64_t d = 0;
        for (; d + 4 <= depth; d += 4) {
            const Quad a = *reinterpret_cast<const Quad*>(from + d);
            const Quad b = *reinterpret_cast<const Quad*>(from + pitch + d);
            const Quad c = *reinterpret_cast<const Quad*>(from + 2 * pitch + d);
            const Quad e = *reinterpret_cast<const Quad*>(from + 3 * pitch + d);
            const Quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
            const Quad ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            const Quad ce_low = __builtin_shufflevector(c, e, 0, 4, 1, 5);
            const Quad ce_high = __builtin_shufflevector(c, e, 2, 6, 3, 7);
            *reinterpret_cast<Quad*>(to + d * width) = __builtin_shufflevector(ab_low, ce_low, 0, 1, 4, 5);
            *reinterpret_cast<Quad*>(to + (d + 1) * width) =
                __builtin_shufflevector(ab_low, ce_low, 2, 3, 6, 7);
            *reinterpret_cast<Quad*>(to + (d + 2) * width) =
                __builtin_shufflevector(ab_high, ce_high, 0, 1, 4, 5);
            *reinterpret_cast<Quad*>(to + (d + 3) * width) =
                __builtin_shufflevector(ab_high, ce_high, 2, 3, 6, 7);
        }
        for (; d < depth; ++d)
            for (int r = 0; r < 4; ++r) to[d * width + r] = from[r * pitch + d];
    }
    for (; row < width; ++row)
        for (int64_t d = 0; d < depth; ++d)
            panel[d * width + row] = row < count ? source[row * pitch + d] : T(0);
}

// Packs `depth` rows of `count` neighbouring elements, `pitch` apart, into panel[d][width], zeros beyond
// `count`.
template <int width, class T>
void pack_rows(const T* source, int64_t pitch, int count, int64_t depth, T* panel) {
    for (int64_t d = 0; d < depth; ++d) {
        T* to = panel + d * width;
        if (count == width) {
            std::memcpy(to, source + d * pitch, sizeof(T) * width);
        } else {
            for (int i = 0; i < width; ++i) to[i] = i < count ? source[d * pitch + i] : T(0);
        }
    }
}

}  // namespace unmask
