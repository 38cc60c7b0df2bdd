// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_weights.h"

#include <algorithm>
#include <utility>

#include "cpu/parallel.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {
namespace {

// u = G g Gᵀ of one vector of output channels.
template <class Tile>
[[gnu::always_inline]] inline void transform_kernel(const Vector (&g)[9], float* u, int64_t plane) {
    constexpr int size = Tile::size;
    Vector half[size * 3];
#pragma GCC unroll 8
    for (int q = 0; q < 3; ++q) Tile::weights(g + q, half + q, 3);
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i) {
        Vector line[size];
        // Of tiles of 5 as OneSidedForward makes them, so that an image's bytes do not depend on its batch.
        if constexpr (Tile::outputs == 5)
            winograd_detail::weights_of_points<Tile>(half + i * 3, line);
        else
            Tile::weights(half + i * 3, line, 1);
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) Vectors::at(u + (i * size + j) * plane) = line[j];
    }
}

// One step of a transposition: squares of `distance` elements beside the diagonal change places.
template <int distance, int... places>
void exchange(Vector& upper, Vector& lower, std::integer_sequence<int, places...>) {
    const Vector a = upper, b = lower;
    upper = __builtin_shufflevector(a, b, ((places & distance) ? lanes + places - distance : places)...);
    lower = __builtin_shufflevector(a, b, ((places & distance) ? lanes + places : places + distance)...);
}
template <int distance>
[[gnu::always_inline]] inline void transpose(Vector (&square)[lanes]) {
#pragma GCC unroll 16
    for (int row = 0; row < lanes; ++row)
        if ((row & distance) == 0)
            exchange<distance>(square[row], square[row + distance], std::make_integer_sequence<int, lanes>());
    if constexpr (distance > 1) transpose<distance / 2>(square);
}

// visit(c, g): the nine taps of input channel `channel + c` and of `lanes` output channels from `output` on,
// for `lanes` input channels.
template <class Visit>
void for_taps(const Tensor& weight, int64_t output, int64_t channel, Visit&& visit) {
    const int64_t channels = weight.dim(3);
    const float* from = weight.data<float>() + output * 9 * channels + channel;
    Vector transposed[9][lanes];  // [tap][C], O
    for (int tap = 0; tap < 9; ++tap) {
        Vector square[lanes];
#pragma GCC unroll 16
        for (int o = 0; o < lanes; ++o) square[o] = Vectors::at(from + (o * 9 + tap) * channels);
        transpose<lanes / 2>(square);
#pragma GCC unroll 16
        for (int c = 0; c < lanes; ++c) transposed[tap][c] = square[c];
    }
    for (int c = 0; c < lanes; ++c) {
        Vector g[9];
#pragma GCC unroll 9
        for (int tap = 0; tap < 9; ++tap) g[tap] = transposed[tap][c];
        visit(c, g);
    }
}

// The same of the flipped ones.
template <class Visit>
void for_flipped_taps(const Tensor& weight, int64_t output, int64_t channel, Visit&& visit) {
    const int64_t outputs = weight.dim(3);
    const float* from = weight.data<float>() + output;
    for (int c = 0; c < lanes; ++c) {
        Vector g[9];
#pragma GCC unroll 9
        for (int tap = 0; tap < 9; ++tap)
            g[tap] = Vectors::at(from + ((channel + c) * 9 + 8 - tap) * outputs);
        visit(c, g);
    }
}

// Of input channels [first, last) and the outputs of a panel: visit(channel - first, first output of the
// vector within the panel, g).
template <class Visit>
void for_panel_taps(const Tensor& weight, Taps taps, int64_t panel, int64_t first, int64_t last,
                    Visit&& visit) {
    for (int64_t channel = first; channel < last; channel += lanes)
        for (int64_t half = 0; half < panel_columns; half += lanes) {
            const auto with_place = [&](int c, const Vector(&g)[9]) { visit(channel - first + c, half, g); };
            if (taps == Taps::as_they_are)
                for_taps(weight, panel * panel_columns + half, channel, with_place);
            else
                for_flipped_taps(weight, panel * panel_columns + half, channel, with_place);
        }
}

}  // namespace

template <class Tile>
void transform_weights(const Tensor& weight, Taps taps, int64_t panel, int64_t first, int64_t last, float* to,
                       int64_t plane) {
    for_panel_taps(weight, taps, panel, first, last, [&](int64_t channel, int64_t half, const Vector(&g)[9]) {
        transform_kernel<Tile>(g, to + channel * panel_columns + half, plane);
    });
}

void fetch_weights(const Tensor& weight, Taps taps, int64_t panel, int64_t first, int64_t last, int64_t share,
                   int64_t shares) {
    // Lines of neighbouring elements: of an output channel and a tap, or of an input channel and a tap.
    const bool flipped = taps == Taps::flipped;
    const int64_t width = weight.dim(3), output = panel * panel_columns;
    const int64_t lines = 9 * (flipped ? last - first : panel_columns);
    const int64_t begin = flipped ? output : first, end = flipped ? output + panel_columns : last;
    const float* from = weight.data<float>() + 9 * (flipped ? first : output) * width;
    constexpr int64_t cache_line = 16;
    for (int64_t line = lines * share / shares; line < lines * (share + 1) / shares; ++line)
        for (int64_t at = begin; at < end; at += cache_line)
            __builtin_prefetch(from + line * width + at, 0, 2);
}

template <class Tile>
Tensor transformed_weights(const Tensor& weight, Taps taps) {
    constexpr int64_t points = Tile::size * Tile::size;
    const bool flipped = taps == Taps::flipped;
    const int64_t outputs = weight.dim(flipped ? 3 : 0), channels = weight.dim(flipped ? 0 : 3);
    // What is made anew for every step is written faster to spread planes; what is kept takes no more memory
    // than it must.
    const int64_t elements = channels * panel_columns;
    const int64_t plane = weight.buffer()->frozen() ? elements : spread_plane(elements);
    Tensor result = Tensor::empty({outputs / panel_columns, points, plane});
    const int64_t parts = channels / lanes;
    parallel_for(outputs / panel_columns * parts, 1, [&](int64_t task, int64_t) {
        const int64_t panel = task / parts, first = task % parts * lanes;
        transform_weights<Tile>(weight, taps, panel, first, first + lanes,
                                result.data<float>() + panel * points * plane + first * panel_columns, plane);
    });
    return result;
}

template <class Tile>
Tensor one_sided_weights(const Tensor& weight, Taps taps) {
    constexpr int size = Tile::size;
    const bool flipped = taps == Taps::flipped;
    const int64_t outputs = weight.dim(flipped ? 3 : 0), channels = weight.dim(flipped ? 0 : 3);
    constexpr int64_t of_channel = 3 * panel_columns;
    Tensor result = Tensor::empty({outputs / panel_columns, channels * size * of_channel});
    const int64_t parts = (channels + one_sided_channels - 1) / one_sided_channels;
    parallel_for(outputs / panel_columns * parts, 1, [&](int64_t task, int64_t) {
        const int64_t panel = task / parts, first = task % parts * one_sided_channels;
        const int64_t last = std::min(first + one_sided_channels, channels),
                      line = (last - first) * of_channel;
        float* to = result.data<float>() + (panel * channels + first) * size * of_channel;
        for_panel_taps(
            weight, taps, panel, first, last, [&](int64_t channel, int64_t half, const Vector(&g)[9]) {
                for (int q = 0; q < 3; ++q) {
                    const Vector column[3] = {g[q], g[3 + q], g[6 + q]};
                    Vector u[size];
                    Tile::weights(column, u, 1);
                    for (int i = 0; i < size; ++i)
                        Vectors::at(to + i * line + channel * of_channel + q * panel_columns + half) =
                            static_cast<float>(Tile::tap_scale[q]) * u[i];
                }
            });
    });
    return result;
}

Tensor kept_taps(const Tensor& weight) {
    const int64_t outputs = weight.dim(0), channels = weight.dim(3);
    constexpr int64_t of_channel = 9 * panel_columns;
    constexpr auto scale = WinogradTile<4>::tap_scale;
    Tensor result = Tensor::empty({outputs / panel_columns, channels, of_channel});
    const int64_t parts = channels / lanes;
    parallel_for(outputs / panel_columns * parts, 1, [&](int64_t task, int64_t) {
        const int64_t panel = task / parts, first = task % parts * lanes;
        float* to = result.data<float>() + (panel * channels + first) * of_channel;
        for_panel_taps(weight, Taps::as_they_are, panel, first, first + lanes,
                       [&](int64_t channel, int64_t half, const Vector(&g)[9]) {
                           for (int tap = 0; tap < 9; ++tap)
                               Vectors::at(to + channel * of_channel + tap * panel_columns + half) =
                                   static_cast<float>(scale[tap / 3] * scale[tap % 3]) * g[tap];
                       });
    });
    return result;
}

template Tensor transformed_weights<WinogradTile<2>>(const Tensor&, Taps);
template Tensor transformed_weights<WinogradTile<4>>(const Tensor&, Taps);
template Tensor transformed_weights<WinogradTile<2, 2>>(const Tensor&, Taps);
template void transform_weights<WinogradTile<4>>(const Tensor&, Taps, int64_t, int64_t, int64_t, float*,
                                                 int64_t);
template void transform_weights<WinogradTile<5>>(const Tensor&, Taps, int64_t, int64_t, int64_t, float*,
                                                 int64_t);
template Tensor one_sided_weights<WinogradTile<5>>(const Tensor&, Taps);

}  // namespace unmask::winograd
