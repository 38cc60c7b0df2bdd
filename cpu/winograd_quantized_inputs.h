// SPDX-License-Identifier: Apache-2.0
// The first step of Winograd's algorithm on 8-bit levels: Bᵀ d B in 16 bits, kept in 8
// (winograd_quantized_weights.h).
#pragma once

#include <algorithm>

#include "cpu/narrow_levels.h"
#include "cpu/scratch.h"
#include "cpu/winograd_quantized_weights.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {

// Of u8 images [N, H, W, C], C a multiple of quantized_block.
class QuantizedInputs {
  public:
    QuantizedInputs(const uint8_t* x, const Sizes& sizes) : x_(x), sizes_(sizes), zeros_(sizes.channels) {
        std::fill_n(zeros_.data(), sizes.channels, uint8_t{0});
    }

    // Bytes from tile to tile of what is made: a line of the cache more than the channels, for the reason of
    // winograd::row_padding.
    [[nodiscard]] int64_t pitch() const { return sizes_.channels + 64; }

    // to[xi][tile - first][pitch] of tiles [first, last), `plane` bytes from xi to xi.
    void transform(int64_t first, int64_t last, uint8_t* to, int64_t plane) const {
        for (int64_t tile = first; tile < last;) {
            const int64_t of_row = sizes_.tile_columns - tile % sizes_.tile_columns;
            const int64_t count = std::min(last - tile, of_row);
            transform_neighbours(tile, count, to + (tile - first) * pitch(), plane);
            tile += count;
        }
    }

  private:
    using Tile = WinogradTile<2>;
    using Word = Words::Vector;
    static constexpr int size = Tile::size;

    // Where the rows of a tile's pixels lie; those beyond the image are zeros.
    struct Lines {
        const uint8_t* row[size];
        int64_t pitch[size];  // from pixel to pixel
    };

    // `count` tiles of one row of them.
    void transform_neighbours(int64_t tile, int64_t count, uint8_t* to, int64_t plane) const {
        const TilePlace place(sizes_, tile, Tile::outputs);
        const int64_t line = sizes_.width * sizes_.channels;
        Lines lines;
        for (int64_t i = 0; i < size; ++i) {
            const int64_t row = place.row - sizes_.top + i;
            const bool inside = row >= 0 && row < sizes_.height;
            lines.row[i] = inside ? x_ + (place.image * sizes_.height + row) * line : zeros_.data();
            lines.pitch[i] = inside ? sizes_.channels : 0;
        }
        const int64_t column = place.column - sizes_.left;
        transform_row<0>(lines, column, count, to, plane);
        transform_row<1>(lines, column, count, to, plane);
        transform_row<2>(lines, column, count, to, plane);
        transform_row<3>(lines, column, count, to, plane);
    }

    // The points xi of row i. A tile shares two columns with the one before it.
    template <int i>
    void transform_row(const Lines& lines, int64_t column, int64_t count, uint8_t* to, int64_t plane) const {
        const auto at = [&](int64_t place, int64_t channel) {
            return place >= 0 && place < sizes_.width ? down<i>(lines, place, channel) : Word{};
        };
        for (int64_t channel = 0; channel < sizes_.channels; channel += quantized_block) {
            Word shared[2][2];
            for (int half = 0; half < 2; ++half)
                for (int j = 0; j < 2; ++j) shared[half][j] = at(column + j, channel + half * Words::lanes);
            uint8_t* own = to + i * size * plane + channel;
            for (int64_t t = 0; t < count; ++t, own += pitch()) {
                Word d[2][size];
                for (int half = 0; half < 2; ++half) {
                    for (int j = 0; j < 2; ++j) {
                        d[half][j] = shared[half][j];
                        d[half][j + 2] = shared[half][j] =
                            at(column + Tile::outputs * t + j + 2, channel + half * Words::lanes);
                    }
                    Tile::input(d[half], d[half], 1);
                }
                keep<i * size>(d[0][0], d[1][0], own);
                keep<i * size + 1>(d[0][1], d[1][1], own + plane);
                keep<i * size + 2>(d[0][2], d[1][2], own + 2 * plane);
                keep<i * size + 3>(d[0][3], d[1][3], own + 3 * plane);
            }
        }
    }

    // Row i of Bᵀ (WinogradTile<2>::input) down a column of pixels: it takes two of them.
    template <int i>
    static Word down(const Lines& lines, int64_t column, int64_t channel) {
        constexpr int rows[size][2] = {{2, 0}, {2, 1}, {2, 1}, {3, 1}};
        constexpr int p = rows[i][0], q = rows[i][1];
        const Word a = Words::widened(lines.row[p] + column * lines.pitch[p] + channel);
        const Word b = Words::widened(lines.row[q] + column * lines.pitch[q] + channel);
        return i == 1 ? a + b : a - b;
    }

    template <int xi>
    static void keep(Word first, Word second, uint8_t* to) {
        constexpr KeptInput kept = kept_input(xi);
        constexpr auto offset = static_cast<int16_t>(kept.offset);
        Words::narrow(Words::scaled(first, kept.factor) + offset, Words::scaled(second, kept.factor) + offset,
                      to);
    }

    const uint8_t* x_;
    const Sizes& sizes_;
    Scratch<uint8_t> zeros_;
};

}  // namespace unmask::winograd
