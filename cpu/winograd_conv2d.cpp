// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_conv2d.h"

#include <fmt/format.h>

#include <algorithm>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_outputs.h"
#include "cpu/winograd_product.h"
#include "cpu/winograd_stages.h"
#include "cpu/winograd_stem.h"
#include "cpu/winograd_weights.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

using namespace winograd;

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

    void run() const {
        if (sizes_.tiles == 0) return;
        const int64_t threads = thread_count(), block = cached_tiles();
        if (block >= fewest_tiles && sizes_.tiles >= threads * fewest_tiles) {
            const int64_t blocks = ceil_div(ceil_div(sizes_.tiles, block), threads) * threads;
            run_blocks(ceil_div(sizes_.tiles, blocks));
        } else {
            const int64_t chunks = ceil_div(sizes_.tiles, most_shared_tiles);
            run_chunks(ceil_div(sizes_.tiles, chunks));
        }
    }

  private:
    static constexpr int points = Tile::size * Tile::size;
    // A thread's transformed inputs are to fit half a cache of 1 MB; where less than so many tiles do, the
    // weights would come from further away too often, and the threads share the tiles instead.
    static constexpr int64_t cached_bytes = 512 * 1024, fewest_tiles = 20;
    static constexpr int64_t most_shared_tiles = 192;

    static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
    [[nodiscard]] int64_t cached_tiles() const {
        return cached_bytes / (points * sizes_.input_pitch() * static_cast<int64_t>(sizeof(float)));
    }
    [[nodiscard]] int64_t input_plane(int64_t tiles) const {
        return spread_plane(tiles * sizes_.input_pitch());
    }
    static int64_t product_plane(int64_t tiles) { return spread_plane(tiles * panel_columns); }

    // One xi of one panel. Weights are read from far away once for all tiles, so that those of the `next` xi
    // are fetched meanwhile: a half with each of the first two parts of the rows.
    void multiply_plane(int64_t tiles, const float* transformed, const float* weights, const float* next,
                        float* products) const {
        const int64_t depth = sizes_.channels, pitch = sizes_.input_pitch();
        int part = 0;
        for_row_parts(tiles, [&](auto rows, int64_t row) {
            const float* a = transformed + row * pitch;
            float* product = products + row * panel_columns;
            if (tiles <= most_rows)
                multiply_rows<rows, 2>(depth, a, pitch, weights, product, next);
            else if (part < 2)
                multiply_rows<rows, 1>(depth, a, pitch, weights, product, next + part * depth * lanes);
            else
                multiply_rows<rows, 0>(depth, a, pitch, weights, product, next);
            ++part;
        });
    }

    // Outputs of tiles [first, last), whose transformed inputs, `in_plane` elements from xi to xi, these are,
    // in the channels of one panel.
    void compute_panel(int64_t panel, int64_t first, int64_t last, const float* transformed, int64_t in_plane,
                       float* products) const {
        const int64_t tiles = last - first, plane = product_plane(tiles);
        for (int64_t xi = 0; xi < points; ++xi) {
            const int64_t current = panel * points + xi;
            const int64_t next = std::min(current + 1, sizes_.panels() * points - 1);
            multiply_plane(tiles, transformed + xi * in_plane, weights_ + current * weight_plane_,
                           weights_ + next * weight_plane_, products + xi * plane);
        }
        transform_outputs<Tile>(products, plane, sizes_, panel, first, last, epilogue_, y_);
    }

    // Each thread takes blocks of tiles from input to output, in memory of its own.
    void run_blocks(int64_t block) const {
        const int64_t plane = input_plane(block), inputs = points * plane,
                      outputs = points * product_plane(block);
        const Scratch<float> scratch(thread_count() * (inputs + outputs));
        parallel_for(sizes_.tiles, block, [&](int64_t first, int64_t last) {
            float* transformed = scratch.data() + thread_index() * (inputs + outputs);
            transform_inputs<Tile>(x_, sizes_, first, last, transformed, plane);
            for (int64_t panel = 0; panel < sizes_.panels(); ++panel)
                compute_panel(panel, first, last, transformed, plane, transformed + inputs);
        });
    }

    // The threads share the transformed inputs of a chunk of tiles, and each takes panels of the weights, so
    // that these are read once for all tiles; where there are not enough panels, parts of the tiles too.
    void run_chunks(int64_t chunk) const {
        const int64_t plane = input_plane(chunk), inputs = points * plane;
        const int64_t outputs = points * product_plane(chunk);
        const int64_t threads = thread_count();
        const Scratch<float> scratch(inputs + threads * outputs);
        float* transformed = scratch.data();
        for (int64_t first = 0; first < sizes_.tiles; first += chunk) {
            const int64_t tiles = std::min(chunk, sizes_.tiles - first);
            parallel_for(tiles, ceil_div(tiles, 4 * threads), [&](int64_t begin, int64_t end) {
                transform_inputs<Tile>(x_, sizes_, first + begin, first + end,
                                       transformed + begin * sizes_.input_pitch(), plane);
            });
            const int64_t parts = sizes_.panels() % threads == 0 ? 1 : std::min<int64_t>(threads, tiles);
            parallel_for(sizes_.panels() * parts, 1, [&](int64_t task, int64_t) {
                const int64_t part = task % parts;
                const int64_t begin = tiles * part / parts, end = tiles * (part + 1) / parts;
                compute_panel(task / parts, first + begin, first + end,
                              transformed + begin * sizes_.input_pitch(), plane,
                              transformed + inputs + thread_index() * outputs);
            });
        }
    }

    Sizes sizes_;
    const float* x_;
    const float* weights_;
    int64_t weight_plane_;
    float* y_;
    Epilogue epilogue_;
};

template <class Tile>
void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    const auto transform = [&weight] { return transformed_weights<Tile>(weight); };
    const Tensor weights =
        weight.buffer()->frozen()
            ? weight.buffer()->attachment<Tensor>(
                  fmt::format("winograd {} {} {}", Tile::outputs, Tile::stride, weight.byte_offset()),
                  transform)
            : transform();
    Forward<Tile>(x, weights, bias, residual, y, params).run();
}

// The gradient of x is the convolution of grad_y with the weights turned round, channels in exchange.
template <class Tile>
void run_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                       const Conv2dParams& params) {
    Forward<Tile>(grad_y, transformed_turned_weights<Tile>(weight), Tensor(), Tensor(), grad_x, params).run();
}

}  // namespace

bool winograd_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                      Tensor& y, const Conv2dParams& params) {
    const Winograd mode = compute_mode().winograd;
    if (mode == Winograd::off || (mode == Winograd::inference && !weight.buffer()->frozen())) return false;
    if (winograd_stem_forward(x, weight, bias, residual, y, params)) return true;
    switch (tiling(weight.dim(3), y.shape(), weight.shape(), params)) {
        case Tiling::none:
            return false;
        case Tiling::two:
            run_forward<WinogradTile<2>>(x, weight, bias, residual, y, params);
            break;
        case Tiling::four:
            run_forward<WinogradTile<4>>(x, weight, bias, residual, y, params);
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
    switch (tiling(weight.dim(0), grad_x.shape(), weight.shape(), params)) {
        case Tiling::two:
            run_backward_data<WinogradTile<2>>(grad_y, weight, grad_x, turned);
            break;
        case Tiling::four:
            run_backward_data<WinogradTile<4>>(grad_y, weight, grad_x, turned);
            break;
        default:
            return false;
    }
    return true;
}

}  // namespace unmask
