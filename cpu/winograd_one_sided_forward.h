// SPDX-License-Identifier: Apache-2.0
// The Work (cpu/winograd_schedule.h) of a convolution with many channels, whose weights are kept transformed
// along one axis, G g: size · 3 values instead of the size² of both, which come from memory in half the time.
// The other axis follows in registers, one point of a line at a time, from a part of the channels of a panel
// in a core's first-level cache.
#pragma once

#include <utility>

#include "cpu/winograd_line_product.h"
#include "cpu/winograd_outputs.h"
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
          epilogue_(bias, residual, params.activation) {}

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return one_sided_channels; }
    [[nodiscard]] int64_t input_planes() const { return parts_.planes(); }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        parts_.transform(first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products, int64_t plane) const {
        clear_products(points, last - first, products, plane);
        const float* weights = weights_ + panel * size * sizes_.channels * 3 * panel_columns;
        for (int64_t part = 0; part < parts_.count(); ++part)
            for (int64_t i = 0; i < size; ++i) {
                const int64_t depth = parts_.channels_of(part);
                const float* next = weights + depth * 3 * panel_columns;
                for_row_parts(last - first, [&](auto rows, int64_t row) {
                    const Line line{
                        depth,
                        transformed + (part * points + i * size) * in_plane + row * one_sided_channels,
                        in_plane,
                        weights,
                        products + i * size * plane + row * panel_columns,
                        plane};
                    if (row == 0)
                        multiply_line<true, rows>(line, next);
                    else
                        multiply_line<false, rows>(line, next);
                });
                weights = next;
            }
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

  private:
    using Line = LineOperands<one_sided_channels, 3 * panel_columns>;

    // With `fetches` meanwhile the next line and a sixth of the one behind it are fetched, less after a part
    // of fewer channels.
    template <bool fetches, int rows>
    [[gnu::noinline]] static void multiply_line(Line line, const float* next) {
        [=]<int... js>(std::integer_sequence<int, js...>) {
            (multiply_points<Tile, fetches, rows, js>(line, next + js * line.depth * lanes), ...);
        }
        (std::make_integer_sequence<int, size>());
    }

    Sizes sizes_;
    InputParts<Tile, one_sided_channels> parts_;
    const float* weights_;
    float* y_;
    Epilogue epilogue_;
};

}  // namespace unmask::winograd
