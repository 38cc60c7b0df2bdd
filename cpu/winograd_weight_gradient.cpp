// SPDX-License-Identifier: Apache-2.0
// The weight gradient of Winograd's convolution: the transpose of its three steps,
//     grad_g = Gᵀ [ Σ_tiles (A grad_y Aᵀ) ∘ (Bᵀ d B) ] G,
// whose sums over tiles are products of matrices [C, tiles] · [tiles, O].
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_conv2d.h"
#include "cpu/winograd_stages.h"
#include "cpu/winograd_tiling.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

using namespace winograd;

// A grad_y Aᵀ of one tile, zeros beyond its `rows` and `columns`; `whole`: both are Tile::outputs.
template <class Tile, bool whole>
void transform_gradient(const float* corner, const Sizes& s, int64_t rows, int64_t columns, float* to,
                        int64_t plane) {
    constexpr int size = Tile::size, outputs = Tile::outputs;
    for (int64_t channel = 0; channel < s.out_channels; channel += lanes) {
        Vector half[size * outputs];
#pragma GCC unroll 8
        for (int j = 0; j < outputs; ++j) {
            Vector g[outputs];
#pragma GCC unroll 8
            for (int i = 0; i < outputs; ++i)
                g[i] = whole || (i < rows && j < columns)
                           ? Vectors::at(corner + (i * s.out_width + j) * s.out_channels + channel)
                           : Vector{};
            Tile::output_gradient(g, half + j, 1, outputs);
        }
#pragma GCC unroll 8
        for (int i = 0; i < size; ++i) {
            Vector result[size];
            Tile::output_gradient(half + i * outputs, result, 1, 1);
#pragma GCC unroll 8
            for (int j = 0; j < size; ++j) Vectors::at(to + (i * size + j) * plane + channel) = result[j];
        }
    }
}

// transformed[xi][tile - first][channel] = A grad_y Aᵀ of tiles [first, last).
template <class Tile>
void transform_gradients(const float* grad_y, const Sizes& s, int64_t first, int64_t last, float* transformed,
                         int64_t plane, int64_t pitch) {
    constexpr int outputs = Tile::outputs;
    for (int64_t tile = first; tile < last; ++tile) {
        const TilePlace place(s, tile, outputs);
        const int64_t rows = std::min<int64_t>(outputs, s.out_height - place.row);
        const int64_t columns = std::min<int64_t>(outputs, s.out_width - place.column);
        const float* corner =
            grad_y + ((place.image * s.out_height + place.row) * s.out_width + place.column) * s.out_channels;
        float* to = transformed + (tile - first) * pitch;
        if (rows == outputs && columns == outputs)
            transform_gradient<Tile, true>(corner, s, rows, columns, to, plane);
        else
            transform_gradient<Tile, false>(corner, s, rows, columns, to, plane);
    }
}

// sums [rows][panel_columns], rows `sum_pitch` apart, = (first: 0, else sums) + Σ_d a[d][row] · b[d][column].
template <int rows>
void accumulate_rows(int64_t depth, const float* a, int64_t a_pitch, const float* b, int64_t b_pitch,
                     float* sums, int64_t sum_pitch, bool first) {
    Vector sum[rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        sum[r][0] = first ? Vector{} : Vectors::at(sums + r * sum_pitch);
        sum[r][1] = first ? Vector{} : Vectors::at(sums + r * sum_pitch + lanes);
    }
    for (int64_t d = 0; d < depth; ++d, a += a_pitch, b += b_pitch) {
        const Vector left = Vectors::at(b), right = Vectors::at(b + lanes);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            sum[r][0] += a[r] * left;
            sum[r][1] += a[r] * right;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        Vectors::at(sums + r * sum_pitch) = sum[r][0];
        Vectors::at(sums + r * sum_pitch + lanes) = sum[r][1];
    }
}

// grad_g = Gᵀ u G of one vector of output channels.
template <class Tile>
void transform_kernel_gradient(const Vector* u, Vector* grad) {
    constexpr int size = Tile::size;
    Vector half[3 * size];
    for (int p = 0; p < 3; ++p)
        for (int j = 0; j < size; ++j) {
            half[p * size + j] = Vector{};
            for (int i = 0; i < size; ++i)
                half[p * size + j] += static_cast<float>(Tile::kernel[i][p]) * u[i * size + j];
        }
    for (int p = 0; p < 3; ++p)
        for (int q = 0; q < 3; ++q) {
            grad[3 * p + q] = Vector{};
            for (int j = 0; j < size; ++j)
                grad[3 * p + q] += static_cast<float>(Tile::kernel[j][q]) * half[p * size + j];
        }
}

template <class Tile>
class WeightGradient {
  public:
    WeightGradient(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight, const Conv2dParams& params)
        : sizes_(x.shape(), grad_y.shape(), params, Tile::outputs),
          grad_y_(grad_y.data<float>()),
          x_(x.data<float>()),
          grad_weight_(grad_weight.data<float>()) {}

    void run() const {
        const int64_t most = std::min(sizes_.tiles, block_tiles);
        const int64_t inputs = points * spread_plane(most * sizes_.input_pitch());
        const int64_t outputs = points * spread_plane(most * output_pitch());
        const Scratch<float> scratch(inputs + outputs + points * sum_plane());
        float* transformed = scratch.data();
        float* gradients = transformed + inputs;
        float* sums = gradients + outputs;
        for (int64_t first = 0; first < sizes_.tiles; first += block_tiles)
            add_block(first, std::min(sizes_.tiles, first + block_tiles), transformed, gradients, sums);
        write(sums);
    }

  private:
    static constexpr int points = Tile::size * Tile::size;
    static constexpr int64_t block_tiles = 128;  // of the sums over tiles, whatever the number of threads

    [[nodiscard]] int64_t output_pitch() const { return sizes_.out_channels + row_padding; }
    [[nodiscard]] int64_t sum_plane() const { return spread_plane(sizes_.channels * sizes_.out_channels); }

    // Adds the products of a block of tiles to sums[xi][C][O].
    void add_block(int64_t first, int64_t last, float* transformed, float* gradients, float* sums) const {
        const int64_t tiles = last - first;
        const int64_t in_plane = spread_plane(tiles * sizes_.input_pitch());
        const int64_t out_plane = spread_plane(tiles * output_pitch());
        parallel_for(tiles, 8, [&](int64_t begin, int64_t end) {
            transform_inputs<Tile>(x_, sizes_, InputPart::all(sizes_), first + begin, first + end,
                                   transformed + begin * sizes_.input_pitch(), in_plane);
            transform_gradients<Tile>(grad_y_, sizes_, first + begin, first + end,
                                      gradients + begin * output_pitch(), out_plane, output_pitch());
        });
        parallel_for(points * sizes_.panels(), 1, [&](int64_t task, int64_t) {
            const int64_t xi = task / sizes_.panels(), column = task % sizes_.panels() * panel_columns;
            for_row_parts(sizes_.channels, [&](auto count, int64_t row) {
                accumulate_rows<count>(tiles, transformed + xi * in_plane + row, sizes_.input_pitch(),
                                       gradients + xi * out_plane + column, output_pitch(),
                                       sums + xi * sum_plane() + row * sizes_.out_channels + column,
                                       sizes_.out_channels, first == 0);
            });
        });
    }

    // grad_weight [O, 3, 3, C], a square of lanes × lanes channels at a time.
    void write(const float* sums) const {
        const int64_t columns = sizes_.out_channels / lanes, rows = sizes_.channels / lanes;
        parallel_for(rows * columns, 1, [&](int64_t task, int64_t) {
            const int64_t row = task / columns * lanes, column = task % columns * lanes;
            float square[9][lanes][lanes];  // [tap][C][O]
            for (int c = 0; c < lanes; ++c) {
                Vector u[points], grad[9];
                for (int xi = 0; xi < points; ++xi)
                    u[xi] = Vectors::at(sums + xi * sum_plane() + (row + c) * sizes_.out_channels + column);
                transform_kernel_gradient<Tile>(u, grad);
                for (int tap = 0; tap < 9; ++tap) Vectors::at(square[tap][c]) = grad[tap];
            }
            for (int o = 0; o < lanes; ++o)
                for (int tap = 0; tap < 9; ++tap) {
                    float* to = grad_weight_ + ((column + o) * 9 + tap) * sizes_.channels + row;
                    for (int c = 0; c < lanes; ++c) to[c] = square[tap][c][o];
                }
        });
    }

    Sizes sizes_;
    const float* grad_y_;
    const float* x_;
    float* grad_weight_;
};

}  // namespace

bool winograd_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                              const Conv2dParams& params) {
    if (compute_mode().winograd != Winograd::all) return false;
    switch (kept_tiling(x.dim(3), grad_y.shape(), grad_weight.shape(), params)) {
        case Tiling::two:
            WeightGradient<WinogradTile<2>>(grad_y, x, grad_weight, params).run();
            break;
        case Tiling::four:
        case Tiling::five:
            WeightGradient<WinogradTile<4>>(grad_y, x, grad_weight, params).run();
            break;
        default:
            return false;
    }
    return true;
}

}  // namespace unmask
