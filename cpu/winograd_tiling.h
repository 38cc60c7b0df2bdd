// SPDX-License-Identifier: Apache-2.0
// Where Winograd's algorithm is used for 3×3 convolutions, and with which tiles.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "cpu/winograd_stages.h"
#include "cpu/winograd_weights.h"
#include "engine/ops/conv2d.h"

namespace unmask::winograd {

// none: the direct form is to be used; four_of_taps: what is kept are the nine taps
// (cpu/winograd_taps_forward.h); five: weights transformed along one axis (cpu/winograd_one_sided_forward.h);
// on_the_fly: nothing (cpu/winograd_on_the_fly_forward.h).
enum class Tiling : uint8_t {
    none,
    two,
    four,
    four_of_taps,
    five,
    four_on_the_fly,
    five_on_the_fly,
    two_of_stride_2
};

constexpr int64_t most_cached_weights = 128 * 128;  // of one tap

[[nodiscard]] inline int64_t tiles_of_image(const Shape& y, int64_t outputs) {
    return ((y[1] + outputs - 1) / outputs) * ((y[2] + outputs - 1) / outputs);
}

// Whether tiles of 5 save products where tiles of 4 do not fit.
[[nodiscard]] inline bool fewer_of_five(const Shape& y) {
    return 7 * 7 * tiles_of_image(y, 5) < 6 * 6 * tiles_of_image(y, 4);
}

// The tiles with which transformed weights are kept, for a convolution of `channels` to y [N, H, W, O].
// Chosen by what one image has, so that this memory does not grow with the batch.
[[nodiscard]] inline Tiling kept_tiling(int64_t channels, const Shape& y, const Shape& weight,
                                        const Conv2dParams& params) {
    constexpr std::array<int, 2> ones{1, 1}, twos{2, 2};
    constexpr int64_t fewest_channels = 32, fewest_wide_tiles = 12;
    const bool known = params.activation == Activation::none || params.activation == Activation::relu;
    if (weight[1] != 3 || weight[2] != 3 || params.groups != 1 || params.dilation != ones ||
        channels % lanes != 0 || y[3] % panel_columns != 0 || !known ||
        std::min(channels, y[3]) < fewest_channels)
        return Tiling::none;
    // Worth while where at least a quarter of the products is saved: maps of 7 × 7 have too many cut tiles.
    if (params.stride == twos) {
        const int64_t products = 25 * tiles_of_image(y, 2), direct = 9 * y[1] * y[2];
        return tiles_of_image(y, 2) >= fewest_wide_tiles && 4 * products <= 3 * direct
                   ? Tiling::two_of_stride_2
                   : Tiling::none;
    }
    if (params.stride != ones) return Tiling::none;
    // Larger tiles save more products, and take more memory for the transformed weights. Those of wide layers
    // must come from there once for all tiles, which is worth more than the products where the tiles are few
    // (measured with AVX-512, whose registers hold twelve rows).
    if (channels * y[3] <= most_cached_weights) return Tiling::four;
    if (tiles_of_image(y, 4) < fewest_wide_tiles) return Tiling::two;
    return fewer_of_five(y) ? Tiling::five : Tiling::four;
}

// The tiles of a convolution of `channels` to y [N, H, W, O], or of its gradient, from y's channels to x;
// frozen: of weights that do not change. A batch of enough tiles in wide layers is worth a transform of the
// weights that is not kept (docs/performance.md). For fewer, taps that are kept once are multiplied in larger
// tiles than weights that are transformed in every step, whose gradients tiles of 2 round less.
[[nodiscard]] inline Tiling tiling(int64_t channels, const Shape& y, const Shape& weight,
                                   const Conv2dParams& params, bool frozen) {
    constexpr int64_t instead_of_two = 16, instead_of_five = 40;
    const Tiling kept = kept_tiling(channels, y, weight, params);
    if (kept != Tiling::two && kept != Tiling::five) return kept;
    const bool five = fewer_of_five(y);
    const int64_t tiles = y[0] * tiles_of_image(y, five ? 5 : 4);
    if (tiles >= (kept == Tiling::two ? instead_of_two : instead_of_five))
        return five ? Tiling::five_on_the_fly : Tiling::four_on_the_fly;
    return kept == Tiling::two && frozen && channels % taps_channels == 0 ? Tiling::four_of_taps : kept;
}

}  // namespace unmask::winograd
