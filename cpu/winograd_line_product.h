// SPDX-License-Identifier: Apache-2.0
// The products of Winograd's convolutions whose weights are kept, or were made, for the three taps of a line
// of a tile's points: the weight of a point follows from them in registers (Tile::point_weight).
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/winograd_stages.h"

namespace unmask::winograd {

// One line of a tile's points, of one part of the channels. Rows of transformed inputs lie `pitch` elements
// apart, channels of taps `step`, both known to the compiler, which has no registers left for them. Depth: an
// integer, or a constant.
template <int64_t pitch, int64_t step, class Depth = int64_t>
struct LineOperands {
    Depth depth;      // channels
    const float* a;   // transformed inputs [point][row][depth] of the line
    int64_t a_plane;  // elements from point to point
    const float* b;   // taps [depth][3][panel_columns], scaled as Tile::point_weight wants them
    float* product;   // [point][row][panel_columns], to which products are added
    int64_t plane;    // elements from point to point
};

// The products of some points of the line. With `fetches` meanwhile depth vectors from `next` on are brought
// into the first-level cache, past the second-level one (on x86), which the transformed inputs need. The taps
// in use and the fetched ones are to fit it beside inputs and products (measured with 48 KB): what falls out
// comes from memory again.
template <class Tile, bool fetches, int rows, int... js, int64_t pitch, int64_t step, class Depth>
[[gnu::always_inline]] inline void multiply_points(LineOperands<pitch, step, Depth> line, const float* next) {
    constexpr int count = sizeof...(js), points[count] = {js...};
    Vector sums[count][rows][2];
#pragma GCC unroll 2
    for (int k = 0; k < count; ++k)
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
            for (int half = 0; half < 2; ++half)
                sums[k][r][half] =
                    Vectors::at(line.product + points[k] * line.plane + r * panel_columns + half * lanes);
    constexpr int64_t line_bytes = 64;  // of a cache
    const float* b = line.b;
    const int64_t depth = line.depth;
    for (int64_t d = 0; d < depth; ++d, b += step, next += lanes) {
        Vector weights[2][count];
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
            const float* of = b + half * lanes;
            const Vector s0 = Vectors::at(of), s1 = Vectors::at(of + panel_columns),
                         s2 = Vectors::at(of + 2 * panel_columns);
            int k = 0;
            ((weights[half][k++] = Tile::template point_weight<js>(s0, s1, s2)), ...);
        }
        if (fetches && (lanes * 4 >= line_bytes || d * lanes * 4 % line_bytes == 0))
            __builtin_prefetch(next, 0, 0);
        // The weights are loaded before all products; GCC puts some of it off else, and is 6% slower.
        asm volatile("" ::: "memory");
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
            for (int k = 0; k < count; ++k) {
                const float value = line.a[points[k] * line.a_plane + r * pitch + d];
                sums[k][r][0] += value * weights[0][k];
                sums[k][r][1] += value * weights[1][k];
            }
    }
#pragma GCC unroll 2
    for (int k = 0; k < count; ++k)
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
            for (int half = 0; half < 2; ++half)
                Vectors::at(line.product + points[k] * line.plane + r * panel_columns + half * lanes) =
                    sums[k][r][half];
}

// product[xi][rows][panel_columns] = 0
inline void clear_products(int64_t points, int64_t rows, float* product, int64_t plane) {
    for (int64_t xi = 0; xi < points; ++xi) std::fill_n(product + xi * plane, rows * panel_columns, 0.0f);
}

}  // namespace unmask::winograd
