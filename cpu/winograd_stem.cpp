// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_stem.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_outputs.h"
#include "cpu/winograd_product.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {
namespace {

// F(3 × 3, 4 × 4), a kernel of four taps and stride 1, forward only: 3 × 3 outputs of 36 products instead of
// 144. Its points, and so the transform of the input, are those of WinogradTile<4>.
struct Tile {
    static constexpr int outputs = 3, size = 6, taps = 4;
    static constexpr double low = WinogradTile<4>::low, high = WinogradTile<4>::high;
    template <class V>
    static void input(const V* from, V* to, int step) {
        WinogradTile<4>::input(from, to, step);
    }
    template <class V>
    static void output(const V* from, V* to, int from_step, int to_step) {
        constexpr auto a = static_cast<float>(low), b = static_cast<float>(high);
        const V low_sum = from[from_step] + from[2 * from_step];
        const V high_sum = from[3 * from_step] + from[4 * from_step];
        to[0] = from[0] + low_sum + high_sum;
        to[to_step] =
            a * (from[from_step] - from[2 * from_step]) + b * (from[3 * from_step] - from[4 * from_step]);
        to[2 * to_step] = 0.5f * low_sum + 2.0f * high_sum + from[5 * from_step];
    }
    static constexpr double kernel[size][taps] = {{1, 0, 0, 0},
                                                  {-2.0 / 3, -2.0 / 3 * low, -1.0 / 3, -1.0 / 3 * low},
                                                  {-2.0 / 3, 2.0 / 3 * low, -1.0 / 3, 1.0 / 3 * low},
                                                  {1.0 / 6, high / 6, 1.0 / 3, high / 3},
                                                  {1.0 / 6, -high / 6, 1.0 / 3, -high / 3},
                                                  {0, 0, 0, 1}};
};

constexpr int size = Tile::size, points = size * size, outputs = Tile::outputs;
constexpr int taps = 7, square = 2;  // of the kernel; a square of pixels
// Of a tile's transformed inputs: the 4 C values of a square.
constexpr int64_t input_pitch = 16;
constexpr int64_t most_channels = input_pitch / (square * square);

// [panel][xi][4 C][panel_columns] of weight [O, 7, 7, C]; the 4 C channels are [row][column][C] of a square.
// The kernel's eighth row and column of taps are zeros.
Tensor transformed_stem_weights(const Tensor& weight) {
    const int64_t count = weight.dim(0), channels = weight.dim(3), depth = square * square * channels;
    Tensor result = Tensor::empty({count / panel_columns, points, depth, panel_columns});
    const float* from = weight.data<float>();
    const auto tap = [&](int64_t output, int64_t row, int64_t column, int64_t channel) {
        return row < taps && column < taps
                   ? double(from[((output * taps + row) * taps + column) * channels + channel])
                   : 0.0;
    };
    const auto point = [&](int xi, int64_t output, int64_t row, int64_t column, int64_t channel) {
        double sum = 0;
        for (int p = 0; p < Tile::taps; ++p)
            for (int q = 0; q < Tile::taps; ++q)
                sum += Tile::kernel[xi / size][p] * Tile::kernel[xi % size][q] *
                       tap(output, square * p + row, square * q + column, channel);
        return sum;
    };
    parallel_for(count, 1, [&](int64_t output, int64_t) {
        float* panel = result.data<float>() + output / panel_columns * points * depth * panel_columns;
        for (int xi = 0; xi < points; ++xi)
            for (int64_t d = 0; d < depth; ++d)
                panel[(xi * depth + d) * panel_columns + output % panel_columns] = static_cast<float>(
                    point(xi, output, d / channels / square, d / channels % square, d % channels));
    });
    return result;
}

class StemForward {
  public:
    StemForward(const Tensor& x, const Tensor& weights, const Tensor& bias, const Tensor& residual, Tensor& y,
                const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, outputs),
          x_(x.data<float>()),
          weights_(weights.data<float>()),
          y_(y.data<float>()),
          epilogue_(bias, residual, params.activation) {}

    // Each thread takes a line of tiles at a time.
    void run() const {
        const int64_t lines = line_count * line_pitch(), inputs = points * input_plane;
        const int64_t each = lines + inputs + points * product_plane;
        const Scratch<float> scratch(thread_count() * each);
        parallel_for(sizes_.images * sizes_.tile_rows, 1, [&](int64_t task, int64_t) {
            float* own = scratch.data() + thread_index() * each;
            const int64_t tile_row = task % sizes_.tile_rows;
            transform_lines(task / sizes_.tile_rows, tile_row, own);
            for_row_parts(sizes_.tile_columns, [&](auto count, int64_t first) {
                transform_columns<count>(own, first, own + lines);
                multiply<count>(task * sizes_.tile_columns + first, own + lines, own + lines + inputs);
            });
        });
    }

  private:
    // Whole vectors reach beyond the last tile.
    static constexpr int64_t input_plane = (most_rows + 1) * input_pitch + lanes;
    static constexpr int64_t product_plane = spread_plane(most_rows * panel_columns);
    static constexpr int64_t line_count = size * square;

    // Elements of one row of squares' pixels: the image's, and zeros around it as far as the last tile
    // reaches.
    [[nodiscard]] int64_t line_pitch() const {
        const int64_t squares = outputs * (sizes_.tile_columns - 1) + size;
        return std::max(squares * square, sizes_.left + sizes_.width) * sizes_.channels + lanes;
    }

    // Bᵀ along the columns, for a line of tiles: lines [xi][row of the square][pixel][C].
    void transform_lines(int64_t image, int64_t tile_row, float* lines) const {
        const int64_t count = sizes_.width * sizes_.channels, pitch = line_pitch();
        const int64_t before = sizes_.left * sizes_.channels, step = square * pitch;
        const float* picture = x_ + image * sizes_.height * count;
        for (int64_t line = 0; line < line_count; ++line) {
            std::fill_n(lines + line * pitch, before, 0.0f);
            std::fill_n(lines + line * pitch + before + count, pitch - before - count, 0.0f);
        }
        for (int64_t row = 0; row < square; ++row) {
            const int64_t top = square * outputs * tile_row + row - sizes_.top;
            const float* from[size];
            for (int64_t i = 0; i < size; ++i) {
                const int64_t at = top + square * i;
                from[i] = at >= 0 && at < sizes_.height ? picture + at * count : nullptr;
            }
            float* to = lines + row * pitch + before;
            int64_t element = 0;
            for (; element + lanes <= count; element += lanes)
                transform_line<Vector>(from, element, to + element, step);
            for (; element < count; ++element) transform_line<float>(from, element, to + element, step);
        }
    }
    template <class V>
    static void transform_line(const float* const (&from)[size], int64_t element, float* to, int64_t step) {
        V d[size];
#pragma GCC unroll 8
        for (int i = 0; i < size; ++i) {
            d[i] = V{};
            if (from[i] != nullptr) std::memcpy(&d[i], from[i] + element, sizeof(V));
        }
        Tile::input(d, d, 1);
#pragma GCC unroll 8
        for (int i = 0; i < size; ++i) std::memcpy(to + i * step, &d[i], sizeof(V));
    }

    // Bᵀ along the lines, of tiles [first, first + count): transformed [xi][tile][4 C]. One or more vectors
    // hold the pixels of one row of a square, C of each; what they have beyond them the next one overwrites.
    template <int count>
    void transform_columns(const float* lines, int64_t first, float* transformed) const {
        const int64_t pitch = line_pitch(), step = square * sizes_.channels;
        for (int i = 0; i < size; ++i)
            for (int64_t tile = 0; tile < count; ++tile)
                for (int64_t row = 0; row < square; ++row) {
                    const float* from = lines + (i * square + row) * pitch + (first + tile) * outputs * step;
                    float* to = transformed + i * size * input_plane + tile * input_pitch + row * step;
                    for (int64_t part = 0; part < step; part += lanes)
                        transform_column(from + part, step, to + part);
                }
    }
    static void transform_column(const float* from, int64_t step, float* to) {
        Vector d[size];
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) d[j] = Vectors::at(from + j * step);
        Tile::input(d, d, 1);
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) Vectors::at(to + j * input_plane) = d[j];
    }

    template <int count>
    void multiply(int64_t first_tile, const float* transformed, float* products) const {
        const int64_t depth = square * square * sizes_.channels;
        for (int64_t panel = 0; panel < sizes_.panels(); ++panel) {
            const float* weights = weights_ + panel * points * depth * panel_columns;
            for (int64_t xi = 0; xi < points; ++xi)
                multiply_rows<count, 0>(depth, transformed + xi * input_plane, input_pitch,
                                        weights + xi * depth * panel_columns, products + xi * product_plane,
                                        nullptr);
            transform_outputs<Tile>(products, product_plane, sizes_, panel, first_tile, first_tile + count,
                                    epilogue_, y_);
        }
    }

    Sizes sizes_;
    const float* x_;
    const float* weights_;
    float* y_;
    Epilogue epilogue_;
};

bool worthwhile(int64_t channels, const Shape& y, const Shape& weight, const Conv2dParams& params) {
    constexpr std::array<int, 2> ones{1, 1}, twos{2, 2};
    if (weight[1] != taps || weight[2] != taps || params.stride != twos || params.dilation != ones ||
        params.groups != 1 || channels > most_channels || y[3] % panel_columns != 0 ||
        (params.activation != Activation::none && params.activation != Activation::relu))
        return false;
    const int64_t tiles = (y[1] + outputs - 1) / outputs * ((y[2] + outputs - 1) / outputs);
    // A third of the products is to be saved.
    return 3 * square * square * points * tiles <= 2 * taps * taps * y[1] * y[2];
}

}  // namespace

bool winograd_stem_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                           Tensor& y, const Conv2dParams& params) {
    if (!worthwhile(x.dim(3), y.shape(), weight.shape(), params)) return false;
    const auto transform = [&weight] { return transformed_stem_weights(weight); };
    const Tensor weights = weight.buffer()->frozen()
                               ? weight.buffer()->attachment<Tensor>(
                                     fmt::format("winograd stem {}", weight.byte_offset()), transform)
                               : transform();
    StemForward(x, weights, bias, residual, y, params).run();
    return true;
}

}  // namespace unmask::winograd
