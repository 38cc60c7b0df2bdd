// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_conv2d.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cpu/winograd_on_the_fly_forward.h"
#include "cpu/winograd_one_sided_forward.h"
#include "cpu/winograd_outputs.h"
#include "cpu/winograd_product.h"
#include "cpu/winograd_schedule.h"
#include "cpu/winograd_stages.h"
#include "cpu/winograd_stem.h"
#include "cpu/winograd_taps_forward.h"
#include "cpu/winograd_tiling.h"
#include "cpu/winograd_weights.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

using namespace winograd;

// The work of a Schedule.
template <class Tile>
class Forward {
  public:
    Forward(const Tensor& x, const Tensor& weights, const Tensor& bias, const Tensor& residual, Tensor& y,
            const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          x_(x.data<float>()),
          weights_(weights.data<float>()),
          weight_plane_(weights.dim(2)),
          y_(y.data<float>()),
          epilogue_(bias, residual, params.activation) {}

    static constexpr int points = Tile::size * Tile::size;
    using Input = float;
    using Product = float;

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return sizes_.input_pitch(); }
    [[nodiscard]] int64_t input_planes() const { return points; }
    void transform(int64_t first, int64_t last, float* to, int64_t plane) const {
        transform_inputs<Tile>(x_, sizes_, InputPart::all(sizes_), first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products, int64_t plane) const {
        for (int64_t xi = 0; xi < points; ++xi) {
            const int64_t current = panel * points + xi;
            const int64_t next = std::min(current + 1, sizes_.panels() * points - 1);
            multiply_plane(last - first, transformed + xi * in_plane, weights_ + current * weight_plane_,
                           weights_ + next * weight_plane_, products + xi * plane);
        }
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

  private:
    // One xi of one panel; the weights of the `next` xi are fetched.
    void multiply_plane(int64_t tiles, const float* transformed, const float* weights, const float* next,
                        float* products) const {
        const int64_t depth = sizes_.channels, pitch = sizes_.input_pitch();
        for_fetching_row_parts(tiles, [&](auto rows, auto fetched, int64_t row, int64_t half) {
            multiply_rows<rows, fetched>(depth, transformed + row * pitch, pitch, weights,
                                         products + row * panel_columns, next + half * depth * lanes);
        });
    }

    Sizes sizes_;
    const float* x_;
    const float* weights_;
    int64_t weight_plane_;
    float* y_;
    Epilogue epilogue_;
};

// What `make` makes of the weights: kept with them under that name where they do not change.
template <class Make>
Tensor kept_or_made(const Tensor& weight, std::string_view name, Make&& make) {
    if (!weight.buffer()->frozen()) return make();
    return weight.buffer()->attachment<Tensor>(fmt::format("winograd {} {}", name, weight.byte_offset()),
                                               make);
}
std::string_view name_of(Taps taps) {
    return taps == Taps::flipped ? "flipped" : "as they are";
}

template <class Tile>
void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    const Tensor weights = kept_or_made(weight, fmt::format("{} {}", Tile::outputs, Tile::stride), [&weight] {
        return transformed_weights<Tile>(weight, Taps::as_they_are);
    });
    const Forward<Tile> work(x, weights, bias, residual, y, params);
    Schedule(work).run();
}

template <class Tile>
void run_one_sided(const Tensor& x, const Tensor& weight, Taps taps, const Tensor& bias,
                   const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    const Tensor weights = kept_or_made(weight, fmt::format("one-sided {} {}", Tile::outputs, name_of(taps)),
                                        [&] { return one_sided_weights<Tile>(weight, taps); });
    const OneSidedForward<Tile> work(x, weights, bias, residual, y, params);
    Schedule(work).run();
}

void run_of_taps(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    const Tensor taps = kept_or_made(weight, fmt::format("taps {}", TapsForward::Tile::outputs),
                                     [&weight] { return kept_taps(weight); });
    const TapsForward work(x, taps, bias, residual, y, params);
    Schedule(work).run();
}

// The gradient of x is the convolution of grad_y with the weights turned round, channels in exchange.
template <class Tile>
void run_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                       const Conv2dParams& params) {
    const Tensor weights = transformed_weights<Tile>(weight, Taps::flipped);
    const Forward<Tile> work(grad_y, weights, Tensor(), Tensor(), grad_x, params);
    Schedule(work).run();
}

template <class Tile>
void run_on_the_fly(const Tensor& x, const Tensor& weight, Taps taps, const Tensor& bias,
                    const Tensor& residual, Tensor& y, const Conv2dParams& params) {
    const OnTheFlyForward<Tile> work(x, weight, taps, bias, residual, y, params);
    Schedule(work).run();
}

}  // namespace

bool winograd_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                      Tensor& y, const Conv2dParams& params) {
    const Winograd mode = compute_mode().winograd;
    if (mode == Winograd::off || (mode == Winograd::inference && !weight.buffer()->frozen())) return false;
    if (winograd_stem_forward(x, weight, bias, residual, y, params)) return true;
    switch (tiling(weight.dim(3), y.shape(), weight.shape(), params, weight.buffer()->frozen())) {
        case Tiling::none:
            return false;
        case Tiling::two:
            run_forward<WinogradTile<2>>(x, weight, bias, residual, y, params);
            break;
        case Tiling::four:
            run_forward<WinogradTile<4>>(x, weight, bias, residual, y, params);
            break;
        case Tiling::four_of_taps:
            run_of_taps(x, weight, bias, residual, y, params);
            break;
        case Tiling::four_on_the_fly:
            run_on_the_fly<WinogradTile<4>>(x, weight, Taps::as_they_are, bias, residual, y, params);
            break;
        case Tiling::five:
            run_one_sided<WinogradTile<5>>(x, weight, Taps::as_they_are, bias, residual, y, params);
            break;
        case Tiling::five_on_the_fly:
            run_on_the_fly<WinogradTile<5>>(x, weight, Taps::as_they_are, bias, residual, y, params);
            break;
        case Tiling::two_of_stride_2:
            run_forward<WinogradTile<2, 2>>(x, weight, bias, residual, y, params);
            break;
    }
    return true;
}

bool winograd_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                            const Conv2dParams& params) {
    if (compute_mode().winograd != Winograd::all) return false;
    constexpr int reach = 2;  // of a 3×3 kernel
    Conv2dParams turned = params;
    for (size_t i = 0; i < 2; ++i) {
        turned.padding_before[i] = reach - params.padding_before[i];
        turned.padding_after[i] = reach - params.padding_after[i];
        if (turned.padding_before[i] < 0 || turned.padding_after[i] < 0) return false;
    }
    switch (tiling(weight.dim(0), grad_x.shape(), weight.shape(), params, false)) {
        case Tiling::two:
            run_backward_data<WinogradTile<2>>(grad_y, weight, grad_x, turned);
            break;
        case Tiling::four:
            run_backward_data<WinogradTile<4>>(grad_y, weight, grad_x, turned);
            break;
        case Tiling::four_on_the_fly:
            run_on_the_fly<WinogradTile<4>>(grad_y, weight, Taps::flipped, Tensor(), Tensor(), grad_x,
                                            turned);
            break;
        case Tiling::five:
            run_one_sided<WinogradTile<5>>(grad_y, weight, Taps::flipped, Tensor(), Tensor(), grad_x, turned);
            break;
        case Tiling::five_on_the_fly:
            run_on_the_fly<WinogradTile<5>>(grad_y, weight, Taps::flipped, Tensor(), Tensor(), grad_x,
                                            turned);
            break;
        default:
            return false;
    }
    return true;
}

}  // namespace unmask
