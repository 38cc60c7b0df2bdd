// SPDX-License-Identifier: Apache-2.0
// The weights of a Winograd tile's points (cpu/winograd_tile.h) from the taps of a line.
#pragma once

#include <utility>

namespace unmask {
namespace winograd_detail {

// 2^times · v by additions, which some processors (Zen 5) compute beside products.
template <int times, class V>
[[gnu::always_inline]] inline V doubled(V v) {
    for (int i = 0; i < times; ++i) v += v;
    return v;
}

// Of a pair of points ±p, the odd j first.
template <int j, class V>
[[gnu::always_inline]] inline V sum_or_difference(V even, V odd) {
    return j % 2 == 1 ? even + odd : even - odd;
}

// G g of a Tile that has point_weight(), with the same bytes as these of scaled taps that were stored.
template <class Tile, class V>
[[gnu::always_inline]] inline void weights_of_points(const V* from, V* to) {
    const V s0 = from[0], s1 = static_cast<float>(Tile::tap_scale[1]) * from[1];
    const V s2 = static_cast<float>(Tile::tap_scale[2]) * from[2];
    [&]<int... j>(std::integer_sequence<int, j...>) {
        ((to[j] = Tile::template point_weight<j>(s0, s1, s2)), ...);
    }
    (std::make_integer_sequence<int, Tile::size>());
}

// G g of a Tile whose first point is 0 and whose points from 1 on come in pairs ±p.
template <class Tile, class V>
[[gnu::always_inline]] inline void weights_of_pairs(const V* from, V* to, int step) {
    const V g0 = from[0], g1 = from[step], g2 = from[2 * step];
    to[0] = g0;
#pragma GCC unroll 3
    for (int j = 1; j + 1 < Tile::size; j += 2) {
        const double first = Tile::kernel[j][0];
        const V even =
            (first == 1 ? g0 : static_cast<float>(first) * g0) + static_cast<float>(Tile::kernel[j][2]) * g2;
        const auto odd = static_cast<float>(Tile::kernel[j][1]);
        to[j * step] = even + odd * g1;
        to[(j + 1) * step] = even - odd * g1;
    }
}

consteval float factor(double a, double b = 1, double c = 1) {
    return static_cast<float>(a * b * c);
}

}  // namespace winograd_detail

}  // namespace unmask
