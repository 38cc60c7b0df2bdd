// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_conv2d.h"

#include <fmt/format.h>

#include <algorithm>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_stages.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

using namespace winograd;

// product [rows][panel_columns], rows `product_pitch` apart, = a [rows][depth] · b [depth][panel_columns].
template <int rows>
void multiply_rows(int64_t depth, const float* a, int64_t pitch, const float* b, float* product,
                   int64_t product_pitch) {
    Vector sums[rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) sums[r][0] = sums[r][1] = Vector{};
    for (int64_t d = 0; d < depth; ++d, b += panel_columns) {
        const Vector left = Vectors::at(b), right = Vectors::at(b + lanes);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            sums[r][0] += a[r * pitch + d] * left;
            sums[r][1] += a[r * pitch + d] * right;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        Vectors::at(product + r * product_pitch) = sums[r][0];
        Vectors::at(product + r * product_pitch + lanes) = sums[r][1];
    }
}

// The product of one xi with one panel of weights for all rows, in parts of nearly equal height.
void multiply_panel(int64_t rows, const Sizes& s, const float* a, const float* b, float* product) {
    for_row_parts(rows, [&](auto count, int64_t begin) {
        multiply_rows<count>(s.channels, a + begin * s.input_pitch(), s.input_pitch(), b,
                             product + begin * s.out_channels, s.out_channels);
    });
}

struct Epilogue {
    const float* bias;
    const float* residual;
    Activation activation;
};

Vector activated(Vector v, Activation activation) {
    if (activation == Activation::relu) return v < 0.0f ? Vector{} : v;  // keeps NaN
    return v;
}

// y = activation(Aᵀ m A + bias + residual) of tiles [first, last).
template <class Tile>
void transform_outputs(const float* products, int64_t plane, const Sizes& s, int64_t first, int64_t last,
                       const Epilogue& epilogue, float* y) {
    constexpr int size = Tile::size, outputs = Tile::outputs;
    for (int64_t tile = first; tile < last; ++tile) {
        const TilePlace place(s, tile, outputs);
        const int64_t rows = std::min<int64_t>(outputs, s.out_height - place.row);
        const int64_t columns = std::min<int64_t>(outputs, s.out_width - place.column);
        const int64_t corner =
            ((place.image * s.out_height + place.row) * s.out_width + place.column) * s.out_channels;
        const float* from = products + (tile - first) * s.out_channels;
        for (int64_t channel = 0; channel < s.out_channels; channel += lanes) {
            Vector m[size * size], half[outputs * size], result[outputs * outputs];
            for (int xi = 0; xi < size * size; ++xi) m[xi] = Vectors::at(from + xi * plane + channel);
            for (int j = 0; j < size; ++j) Tile::output(m + j, half + j, size, size);
            for (int i = 0; i < outputs; ++i) Tile::output(half + i * size, result + i * outputs, 1, 1);
            const Vector bias = epilogue.bias == nullptr ? Vector{} : Vectors::at(epilogue.bias + channel);
            for (int64_t i = 0; i < rows; ++i)
                for (int64_t j = 0; j < columns; ++j) {
                    const int64_t at = corner + (i * s.out_width + j) * s.out_channels + channel;
                    Vector v = result[i * outputs + j] + bias;
                    if (epilogue.residual != nullptr) v += Vectors::at(epilogue.residual + at);
                    Vectors::at(y + at) = activated(v, epilogue.activation);
                }
        }
    }
}

template <class Tile>
class Forward {
  public:
    Forward(const Tensor& x, const Tensor& weights, const Tensor& bias, const Tensor& residual, Tensor& y,
            const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          x_(x.data<float>()),
          weights_(weights.data<float>()),
          y_(y.data<float>()),
          epilogue_{bias.defined() ? bias.data<float>() : nullptr,
                    residual.defined() ? residual.data<float>() : nullptr, params.activation} {}

    void run() const {
        if (sizes_.tiles >= 2 * thread_count() * block_tiles)
            run_blocks();
        else
            run_stages();
    }

  private:
    static constexpr int points = Tile::size * Tile::size;
    static constexpr int64_t block_tiles = 48;

    [[nodiscard]] int64_t input_plane(int64_t tiles) const { return tiles * sizes_.input_pitch(); }
    [[nodiscard]] int64_t output_plane(int64_t tiles) const { return tiles * sizes_.out_channels; }
    [[nodiscard]] const float* panel(int64_t xi, int64_t p) const {
        return weights_ + (xi * sizes_.panels() + p) * sizes_.channels * panel_columns;
    }

    // Many tiles: each thread takes blocks of them from input to output, in memory of its own.
    void run_blocks() const {
        const int64_t inputs = points * input_plane(block_tiles),
                      outputs = points * output_plane(block_tiles);
        const Scratch<float> scratch(thread_count() * (inputs + outputs));
        parallel_for(sizes_.tiles, block_tiles, [&](int64_t first, int64_t last) {
            float* transformed = scratch.data() + thread_index() * (inputs + outputs);
            float* products = transformed + inputs;
            const int64_t tiles = last - first;
            transform_inputs<Tile>(x_, sizes_, first, last, transformed, input_plane(tiles));
            for (int64_t xi = 0; xi < points; ++xi)
                for (int64_t p = 0; p < sizes_.panels(); ++p)
                    multiply_panel(tiles, sizes_, transformed + xi * input_plane(tiles), panel(xi, p),
                                   products + xi * output_plane(tiles) + p * panel_columns);
            transform_outputs<Tile>(products, output_plane(tiles), sizes_, first, last, epilogue_, y_);
        });
    }

    // Few tiles: the threads share each stage, the products by weights, so that these are read once.
    void run_stages() const {
        const int64_t tiles = sizes_.tiles, in_plane = input_plane(tiles), out_plane = output_plane(tiles);
        const Scratch<float> scratch(points * (in_plane + out_plane));
        float* transformed = scratch.data();
        float* products = transformed + points * in_plane;
        const int64_t grain = (tiles + 4 * thread_count() - 1) / (4 * thread_count());
        parallel_for(tiles, grain, [&](int64_t first, int64_t last) {
            transform_inputs<Tile>(x_, sizes_, first, last, transformed + first * sizes_.input_pitch(),
                                   in_plane);
        });
        parallel_for(points * sizes_.panels(), 1, [&](int64_t task, int64_t) {
            const int64_t xi = task / sizes_.panels(), p = task % sizes_.panels();
            multiply_panel(tiles, sizes_, transformed + xi * in_plane, panel(xi, p),
                           products + xi * out_plane + p * panel_columns);
        });
        parallel_for(tiles, grain, [&](int64_t first, int64_t last) {
            transform_outputs<Tile>(products + first * sizes_.out_channels, out_plane, sizes_, first, last,
                                    epilogue_, y_);
        });
    }

    Sizes sizes_;
    const float* x_;
    const float* weights_;
    float* y_;
    Epilogue epilogue_;
};

// G g Gᵀ of one vector of output channels.
template <class Tile>
void transform_kernel(const Vector* g, Vector* u) {
    constexpr int size = Tile::size;
    Vector half[size * 3];
    for (int i = 0; i < size; ++i)
        for (int q = 0; q < 3; ++q) {
            half[i * 3 + q] = Vector{};
            for (int p = 0; p < 3; ++p)
                half[i * 3 + q] += static_cast<float>(Tile::kernel[i][p]) * g[3 * p + q];
        }
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
            u[i * size + j] = Vector{};
            for (int q = 0; q < 3; ++q)
                u[i * size + j] += static_cast<float>(Tile::kernel[j][q]) * half[i * 3 + q];
        }
}

// [xi][panel][C][panel_columns] of weight [O, 3, 3, C], a square of lanes × lanes channels at a time.
template <class Tile>
Tensor transformed_weights(const Tensor& weight) {
    constexpr int points = Tile::size * Tile::size;
    const int64_t out_channels = weight.dim(0), channels = weight.dim(3), plane = out_channels * channels;
    Tensor result = Tensor::empty({points, out_channels / panel_columns, channels, panel_columns});
    const float* from = weight.data<float>();
    float* to = result.data<float>();
    const int64_t rows = channels / lanes, columns = out_channels / lanes;
    parallel_for(rows * columns, 1, [&](int64_t task, int64_t) {
        const int64_t column = task / rows * lanes, row = task % rows * lanes;
        float square[9][lanes][lanes];  // [tap][C][O]
        for (int o = 0; o < lanes; ++o)
            for (int tap = 0; tap < 9; ++tap) {
                const float* line = from + ((column + o) * 9 + tap) * channels + row;
                for (int c = 0; c < lanes; ++c) square[tap][c][o] = line[c];
            }
        float* panel = to + column / panel_columns * channels * panel_columns + column % panel_columns;
        for (int c = 0; c < lanes; ++c) {
            Vector g[9], u[points];
            for (int tap = 0; tap < 9; ++tap) g[tap] = Vectors::at(square[tap][c]);
            transform_kernel<Tile>(g, u);
            for (int xi = 0; xi < points; ++xi)
                Vectors::at(panel + xi * plane + (row + c) * panel_columns) = u[xi];
        }
    });
    return result;
}

template <class Tile>
void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    const auto transform = [&weight] { return transformed_weights<Tile>(weight); };
    const Tensor weights =
        weight.buffer()->frozen()
            ? weight.buffer()->attachment<Tensor>(
                  fmt::format("winograd {} {}", Tile::outputs, weight.byte_offset()), transform)
            : transform();
    Forward<Tile>(x, weights, bias, residual, y, params).run();
}

}  // namespace

bool winograd_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                      Tensor& y, const Conv2dParams& params) {
    const Winograd mode = compute_mode().winograd;
    if (mode == Winograd::off || (mode == Winograd::inference && !weight.buffer()->frozen())) return false;
    const int outputs = tile_outputs(weight.shape(), params);
    if (outputs == 0) return false;
    if (outputs == 4)
        run_forward<WinogradTile<4>>(x, weight, bias, residual, y, params);
    else
        run_forward<WinogradTile<2>>(x, weight, bias, residual, y, params);
    return true;
}

}  // namespace unmask
