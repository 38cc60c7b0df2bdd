// SPDX-License-Identifier: Apache-2.0
// The Work (cpu/winograd_schedule.h) of a convolution with many channels and few tiles, whose weights are
// read once for these: what is kept are the nine taps, a quarter of the transformed weights of tiles of 4. A
// part of the channels of a panel at a time becomes lines of points, in a core's first-level cache, and a
// line's points follow in registers.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_line_product.h"
#include "cpu/winograd_outputs.h"
#include "cpu/winograd_stages.h"
#include "cpu/winograd_weights.h"
#include "engine/error.h"

namespace unmask::winograd {

class TapsForward {
  public:
    using Tile = WinogradTile<4>;
    static constexpr int size = Tile::size, points = size * size;
    static_assert(size == 6);
    using Input = float;
    using Product = float;

    // weights: kept_taps().
    TapsForward(const Tensor& x, const Tensor& weights, const Tensor& bias, const Tensor& residual, Tensor& y,
                const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          parts_(x.data<float>(), sizes_),
          weights_(weights.data<float>()),
          y_(y.data<float>()),
          epilogue_(bias, residual, params.activation),
          lines_(thread_count() * lines_size) {
        UNMASK_ASSERT(sizes_.channels % part_channels == 0);
    }

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return part_channels; }
    [[nodiscard]] int64_t input_planes() const { return parts_.planes(); }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        parts_.transform(first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products, int64_t plane) const {
        clear_products(points, last - first, products, plane);
        // Two points at once take twice the registers of a row; sixteen of them hold two rows, and the
        // weights.
        constexpr int most = Vectors::registers >= 32 ? most_rows / 2 : 2;
        // Without a choice of rows for every line, one image of 7 × 7 takes 6% less time.
        if (last - first <= most)
            for_row_parts<most>(last - first, [&]<int rows>(std::integral_constant<int, rows>, int64_t) {
                multiply_panel(
                    panel, transformed, in_plane, products, plane,
                    [](const auto& line, const float* next) { multiply_line<true, rows>(line, next); });
            });
        else
            multiply_panel(panel, transformed, in_plane, products, plane, [&](auto line, const float* next) {
                const auto whole = line;
                for_row_parts<most>(last - first, [&](auto rows, int64_t row) {
                    line.a = whole.a + row * part_channels;
                    line.product = whole.product + row * panel_columns;
                    if (row == 0)
                        multiply_line<true, rows>(line, next);
                    else
                        multiply_line<false, rows>(line, next);
                });
            });
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

  private:
    static constexpr int64_t part_channels = taps_channels, of_line = 3 * panel_columns;
    static constexpr int64_t of_channel = 3 * of_line, lines_size = part_channels * 2 * of_line;
    template <int64_t step>
    using Line = LineOperands<part_channels, step, std::integral_constant<int64_t, part_channels>>;

    // multiply(line, next) for every line of every part of the channels; `next` is what to fetch meanwhile.
    template <class Multiply>
    void multiply_panel(int64_t panel, const float* transformed, int64_t in_plane, float* products,
                        int64_t plane, Multiply&& multiply) const {
        float* lines = lines_.data() + thread_index() * lines_size;
        const float* taps = weights_ + panel * sizes_.channels * of_channel;
        for (int64_t part = 0; part < parts_.count(); ++part) {
            const float* next = taps + part_channels * of_channel;
            const auto multiply_line_of = [&]<int64_t step>(int i, const float* b,
                                                            std::integral_constant<int64_t, step>) {
                multiply(Line<step>{{},
                                    transformed + (part * points + i * size) * in_plane,
                                    in_plane,
                                    b,
                                    products + i * size * plane,
                                    plane},
                         next);
                next += 3 * part_channels * lanes;
            };
            constexpr std::integral_constant<int64_t, of_channel> of_taps;
            constexpr std::integral_constant<int64_t, 2 * of_line> of_lines;
            multiply_line_of(0, taps, of_taps);
            multiply_line_of(5, taps + 2 * of_line, of_taps);
            make_lines<1, 2>(taps, lines);
            multiply_line_of(1, lines, of_lines);
            multiply_line_of(2, lines + of_line, of_lines);
            make_lines<3, 4>(taps, lines);
            multiply_line_of(3, lines, of_lines);
            multiply_line_of(4, lines + of_line, of_lines);
            taps += part_channels * of_channel;
        }
    }

    // With `fetches` meanwhile a sixth of the next part's taps is fetched.
    template <bool fetches, int rows, int64_t step>
    [[gnu::noinline]] static void multiply_line(Line<step> line, const float* next) {
        constexpr int64_t share = part_channels * lanes;
        multiply_points<Tile, fetches, rows, 0, 5>(line, next);
        multiply_points<Tile, fetches, rows, 1, 2>(line, next + share);
        multiply_points<Tile, fetches, rows, 3, 4>(line, next + 2 * share);
    }

    // lines [part_channels][2][3][panel_columns]: of the points i and k of the taps' columns.
    template <int i, int k>
    static void make_lines(const float* taps, float* to) {
        for (int64_t d = 0; d < part_channels; ++d, taps += of_channel, to += 2 * of_line)
#pragma GCC unroll 6
            for (int64_t at = 0; at < of_line; at += lanes) {
                const Vector s0 = Vectors::at(taps + at), s1 = Vectors::at(taps + of_line + at),
                             s2 = Vectors::at(taps + 2 * of_line + at);
                Vectors::at(to + at) = Tile::point_weight<i>(s0, s1, s2);
                Vectors::at(to + of_line + at) = Tile::point_weight<k>(s0, s1, s2);
            }
    }

    Sizes sizes_;
    InputParts<Tile, part_channels> parts_;
    const float* weights_;
    float* y_;
    Epilogue epilogue_;
    Scratch<float> lines_;
};

}  // namespace unmask::winograd
