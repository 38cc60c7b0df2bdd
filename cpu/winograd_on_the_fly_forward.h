// SPDX-License-Identifier: Apache-2.0
// The Work (cpu/winograd_schedule.h) of a convolution with many channels whose batch has enough tiles. Its
// transformed weights would take four (tiles of 4) or 5.4 times (of 5) the memory of the weights: they are
// not kept, but transformed as they are needed, a part of the channels of a panel at a time, which stays in a
// core's second-level cache while it meets a block or chunk of tiles.
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
class OnTheFlyForward {
  public:
    static constexpr int points = Tile::size * Tile::size;
    using Input = float;
    using Product = float;

    OnTheFlyForward(const Tensor& x, const Tensor& weight, Taps taps, const Tensor& bias,
                    const Tensor& residual, Tensor& y, const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          parts_(x.data<float>(), sizes_),
          weight_(weight),
          taps_(taps),
          y_(y.data<float>()),
          epilogue_(bias, residual, params.activation),
          weights_(thread_count() * points * weight_plane) {}

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return part_channels; }
    [[nodiscard]] int64_t input_planes() const { return parts_.planes(); }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        parts_.transform(first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products, int64_t plane) const {
        float* weights = weights_.data() + thread_index() * points * weight_plane;
        for (int64_t part = 0; part < parts_.count(); ++part) {
            const int64_t channel = part * part_channels, depth = parts_.channels_of(part);
            transform_weights<Tile>(weight_, taps_, panel, channel, channel + depth, weights, weight_plane);
            for (int64_t xi = 0; xi < points; ++xi) {
                fetch_next(panel, part, xi);
                multiply_part(part > 0, last - first, depth, transformed + (part * points + xi) * in_plane,
                              part_channels, weights + xi * weight_plane, products + xi * plane);
            }
        }
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

  private:
    static constexpr int64_t part_channels = 64;
    static constexpr int64_t weight_plane = spread_plane(part_channels * panel_columns);

    // While xi is multiplied, a part of the taps that come next.
    void fetch_next(int64_t panel, int64_t part, int64_t xi) const {
        if (++part == parts_.count()) {
            part = 0;
            if (++panel == sizes_.panels()) return;
        }
        const int64_t channel = part * part_channels;
        fetch_weights(weight_, taps_, panel, channel, channel + parts_.channels_of(part), xi, points);
    }

    Sizes sizes_;
    InputParts<Tile, part_channels> parts_;
    const Tensor& weight_;
    Taps taps_;
    float* y_;
    Epilogue epilogue_;
    Scratch<float> weights_;
};

}  // namespace unmask::winograd
