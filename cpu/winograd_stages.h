// SPDX-License-Identifier: Apache-2.0
// What a convolution by Winograd's algorithm and its weight gradient share: the sizes, the transform of the
// input, and loops over rows of products.
#pragma once

#include <algorithm>
#include <utility>

#include "cpu/gemm_tile.h"
#include "cpu/winograd_tile.h"
#include "engine/ops/conv2d.h"

namespace unmask::winograd {

using Vectors = Simd<float>;
using Vector = Vectors::Register;
constexpr int lanes = Vectors::lanes;
constexpr int panel_columns = 2 * lanes;  // output channels of one panel of weights
constexpr int most_rows = GemmTile<float>::rows;

// Rows of the transformed input lie this much further apart than their channels, so that they do not meet in
// the same lines of the cache.
constexpr int64_t row_padding = lanes;

struct Sizes {
    int64_t images, height, width, channels, out_height, out_width, out_channels;
    int64_t tile_rows, tile_columns, tiles;
    int64_t top, left;

    Sizes(const Shape& x, const Shape& y, const Conv2dParams& params, int outputs)
        : images(x[0]),
          height(x[1]),
          width(x[2]),
          channels(x[3]),
          out_height(y[1]),
          out_width(y[2]),
          out_channels(y[3]),
          tile_rows((out_height + outputs - 1) / outputs),
          tile_columns((out_width + outputs - 1) / outputs),
          tiles(images * tile_rows * tile_columns),
          top(params.padding_before[0]),
          left(params.padding_before[1]) {}

    [[nodiscard]] int64_t input_pitch() const { return channels + row_padding; }
    [[nodiscard]] int64_t panels() const { return out_channels / panel_columns; }
};

// The tile's image and the first pixel of its outputs.
struct TilePlace {
    int64_t image, row, column;
    TilePlace(const Sizes& s, int64_t tile, int outputs)
        : image(tile / (s.tile_rows * s.tile_columns)),
          row(tile / s.tile_columns % s.tile_rows * outputs),
          column(tile % s.tile_columns * outputs) {}
};

// Elements from one xi to the next of a plane of `elements`: an odd number of cache lines, so that a tile's
// values, one in each plane, do not meet in the same sets of the cache.
template <class T = float>
[[nodiscard]] constexpr int64_t spread_plane(int64_t elements) {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    return ((elements + line - 1) / line | 1) * line;
}

// Which channels of the input are transformed, and how many elements lie between two tiles of the result.
struct InputPart {
    int64_t first_channel, channels, pitch;
    static InputPart all(const Sizes& s) { return {0, s.channels, s.input_pitch()}; }
};

// to[xi][channel] = Bᵀ d B of one tile, with at(i, j) the first of d[i][j]'s channels.
template <class Tile, class At>
void transform_input(At&& at, int64_t channels, float* to, int64_t plane) {
    constexpr int size = Tile::size;
    for (int64_t channel = 0; channel < channels; channel += lanes) {
        Vector d[size * size];
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) {
#pragma GCC unroll 8
            for (int i = 0; i < size; ++i) d[i * size + j] = Vectors::at(at(i, j) + channel);
            Tile::input(d + j, d + j, size);
        }
#pragma GCC unroll 8
        for (int i = 0; i < size; ++i) {
            Tile::input(d + i * size, d + i * size, 1);
#pragma GCC unroll 8
            for (int j = 0; j < size; ++j)
                Vectors::at(to + (i * size + j) * plane + channel) = d[i * size + j];
        }
    }
}

// The same of a tile that reaches beyond the image, where zeros are: pixels [begin, end) of it, rows and
// columns, are inside.
template <class Tile>
void transform_cut_input(const float* corner, const Sizes& s, const int64_t (&begin)[2],
                         const int64_t (&end)[2], int64_t channels, float* to, int64_t plane) {
    constexpr int size = Tile::size;
    constexpr int64_t most_channels = 256;
    alignas(64) static constexpr float zeros[most_channels] = {};
    for (int64_t first = 0; first < channels; first += most_channels) {
        const float* pixels[size][size];
        for (int64_t i = 0; i < size; ++i)
            for (int64_t j = 0; j < size; ++j)
                pixels[i][j] = i >= begin[0] && i < end[0] && j >= begin[1] && j < end[1]
                                   ? corner + (i * s.width + j) * s.channels + first
                                   : zeros;
        transform_input<Tile>([&pixels](int i, int j) { return pixels[i][j]; },
                              std::min(most_channels, channels - first), to + first, plane);
    }
}

// transformed[xi][tile - first][channel - part.first_channel] = Bᵀ d B of tiles [first, last); `plane`
// elements from xi to xi.
template <class Tile>
void transform_inputs(const float* x, const Sizes& s, const InputPart& part, int64_t first, int64_t last,
                      float* transformed, int64_t plane) {
    constexpr int size = Tile::size;
    for (int64_t tile = first; tile < last; ++tile) {
        const TilePlace place(s, tile, Tile::outputs);
        const int64_t row = place.row * Tile::stride - s.top, column = place.column * Tile::stride - s.left;
        const int64_t begin[2] = {std::max<int64_t>(0, -row), std::max<int64_t>(0, -column)};
        const int64_t end[2] = {std::min<int64_t>(size, s.height - row),
                                std::min<int64_t>(size, s.width - column)};
        const float* corner =
            x + ((place.image * s.height + row) * s.width + column) * s.channels + part.first_channel;
        float* to = transformed + (tile - first) * part.pitch;
        if (begin[0] == 0 && begin[1] == 0 && end[0] == size && end[1] == size)
            transform_input<Tile>(
                [corner, &s](int i, int j) { return corner + (i * s.width + j) * s.channels; }, part.channels,
                to, plane);
        else
            transform_cut_input<Tile>(corner, s, begin, end, part.channels, to, plane);
    }
}

// Transformed inputs in parts of `part_channels` channels, in planes [part][xi]: the parts of a tile lie as
// far apart as planes do, and a part's tiles side by side.
template <class Tile, int64_t part_channels>
class InputParts {
  public:
    static constexpr int points = Tile::size * Tile::size;
    InputParts(const float* x, const Sizes& sizes) : x_(x), sizes_(sizes) {}
    [[nodiscard]] int64_t count() const { return (sizes_.channels + part_channels - 1) / part_channels; }
    [[nodiscard]] int64_t planes() const { return count() * points; }
    [[nodiscard]] int64_t channels_of(int64_t part) const {
        return std::min(part_channels, sizes_.channels - part * part_channels);
    }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        for (int64_t part = 0; part < count(); ++part)
            transform_inputs<Tile>(x_, sizes_, {part * part_channels, channels_of(part), part_channels},
                                   first, last, to + part * points * plane, plane);
    }

  private:
    const float* x_;
    Sizes sizes_;
};

// Calls body(rows constant, first row) for parts of `rows` of nearly equal height, none above `most`.
template <int most = most_rows, class Body>
void for_row_parts(int64_t rows, Body&& body) {
    const int64_t parts = (rows + most - 1) / most;
    for (int64_t part = 0; part < parts; ++part) {
        const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
        [&]<int... counts>(std::integer_sequence<int, counts...>) {
            static_cast<void>(((end - begin == counts + 1 &&
                                (body(std::integral_constant<int, counts + 1>(), begin), true)) ||
                               ...));
        }
        (std::make_integer_sequence<int, most>());
    }
}

// The same, with what is to be fetched meanwhile of a plane of two vectors a step: body(rows, fetched vectors
// a step, first row, which half of the plane). Weights are read from far away once for all tiles, so that
// those of the next xi are fetched: all with one part of rows, or a half with each of the first two.
template <class Body>
void for_fetching_row_parts(int64_t rows, Body&& body) {
    int64_t part = 0;
    for_row_parts(rows, [&](auto count, int64_t row) {
        if (rows <= most_rows)
            body(count, std::integral_constant<int, 2>(), row, int64_t{0});
        else if (part < 2)
            body(count, std::integral_constant<int, 1>(), row, part);
        else
            body(count, std::integral_constant<int, 0>(), row, int64_t{0});
        ++part;
    });
}

}  // namespace unmask::winograd
