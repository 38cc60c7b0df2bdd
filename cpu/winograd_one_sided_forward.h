// SPDX-License-Identifier: Apache-2.0
// The Work (cpu/winograd_schedule.h) of a convolution with many channels, whose weights are kept transformed
// along one axis, G g: size · 3 values instead of the size² of both, which come from memory in half the time.
// The other axis is transformed as they are needed, one line of a tile's points and a part of the channels of
// a panel at a time, in a core's first-level cache.
#pragma once

#include <algorithm>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_outputs.h"
#include "cpu/winograd_product.h"
#include "cpu/winograd_stages.h"
#include "cpu/winograd_weights.h"

namespace unmask::winograd {

template <class Tile>
class OneSidedForward {
  public:
    static constexpr int size = Tile::size, points = size * size;
    using Input = float;
    using Product = float;

    // weights: one_sided_weights<Tile>().
    OneSidedForward(const Tensor& x, const Tensor& weights, const Tensor& bias, const Tensor& residual,
                    Tensor& y, const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          parts_(x.data<float>(), sizes_),
          weights_(weights.data<float>()),
          y_(y.data<float>()),
          epilogue_(bias, residual, params.activation),
          lines_(thread_count() * size * line_plane) {}

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return one_sided_channels; }
    [[nodiscard]] int64_t input_planes() const { return parts_.planes(); }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        parts_.transform(first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products, int64_t plane) const {
        float* line = lines_.data() + thread_index() * size * line_plane;
        const float* weights = weights_ + panel * size * sizes_.channels * 3 * panel_columns;
        for (int64_t part = 0; part < parts_.count(); ++part)
            for (int64_t i = 0; i < size; ++i) {
                const int64_t depth = parts_.channels_of(part);
                transform_line(weights, depth, line);
                weights += depth * 3 * panel_columns;
                // Meanwhile the next line and a sixth of the one behind it are fetched, less after a part of
                // fewer channels.
                for (int64_t j = 0; j < size; ++j)
                    multiply_part<1>(part > 0, last - first, depth,
                                     transformed + (part * points + i * size + j) * in_plane,
                                     one_sided_channels, line + j * line_plane,
                                     products + (i * size + j) * plane, weights + j * depth * lanes);
            }
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

  private:
    static constexpr int64_t line_plane = spread_plane(one_sided_channels * panel_columns);

    // to[j][channel][panel_columns] of from [channel][3][panel_columns].
    static void transform_line(const float* from, int64_t depth, float* to) {
        for (int64_t channel = 0; channel < depth; ++channel, from += 3 * panel_columns, to += panel_columns)
#pragma GCC unroll 2
            for (int half = 0; half < panel_columns; half += lanes) {
                Vector g[3], u[size];
#pragma GCC unroll 3
                for (int q = 0; q < 3; ++q) g[q] = Vectors::at(from + q * panel_columns + half);
                Tile::weights(g, u, 1);
#pragma GCC unroll 8
                for (int j = 0; j < size; ++j) Vectors::at(to + j * line_plane + half) = u[j];
            }
    }

    Sizes sizes_;
    InputParts<Tile, one_sided_channels> parts_;
    const float* weights_;
    float* y_;
    Epilogue epilogue_;
    Scratch<float> lines_;
};

}  // namespace unmask::winograd
