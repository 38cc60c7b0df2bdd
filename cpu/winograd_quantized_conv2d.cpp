// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_quantized_conv2d.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cpu/dot_of_four.h"
#include "cpu/narrow_levels.h"
#include "cpu/winograd_quantized_inputs.h"
#include "cpu/winograd_quantized_weights.h"
#include "cpu/winograd_schedule.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

using namespace winograd;
using Tile = WinogradTile<2>;

// product [rows][panel_columns] = start + a [rows][depth], rows `pitch` apart, · b [depth /
// 4][panel_columns][4]. Meanwhile `fetched` · depth / 4 vectors from `next` on are brought into the
// second-level cache.
template <int rows, int fetched>
void multiply_levels(int64_t depth, const uint8_t* a, int64_t pitch, const int8_t* b, const int32_t* start,
                     int32_t* product, const int8_t* next) {
    using Vectors = Simd<int32_t>;
    DotOfFour::Sums sums[rows][2];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        sums[r][0] = Vectors::at(start);
        sums[r][1] = Vectors::at(start + lanes);
    }
    for (int64_t d = 0; d < depth; d += 4, b += 2 * DotOfFour::bytes) {
        const DotOfFour::Weights left = DotOfFour::load(b), right = DotOfFour::load(b + DotOfFour::bytes);
#pragma GCC unroll 2
        for (int i = 0; i < fetched; ++i, next += DotOfFour::bytes) __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
            DotOfFour::add(sums[r][0], a + r * pitch + d, left);
            DotOfFour::add(sums[r][1], a + r * pitch + d, right);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
        Vectors::at(product + r * panel_columns) = sums[r][0];
        Vectors::at(product + r * panel_columns + lanes) = sums[r][1];
    }
}

// What is done to a sum (engine/ops/quantized_conv2d.h); the activation follows from the result's dtype.
struct LevelEpilogue {
    const float* multiplier;
    const float* bias;
    const void* residual;  // or null
    bool residual_is_signed;
    float factor;
};

// The work of a Schedule. Y: uint8_t or int8_t.
template <class Y>
class Forward {
  public:
    using Input = uint8_t;
    using Product = int32_t;
    static constexpr int size = Tile::size, points = size * size;

    Forward(const Tensor& x, const QuantizedWeights& weights, const LevelEpilogue& epilogue, Tensor& y,
            const Conv2dParams& params)
        : sizes_(x.shape(), y.shape(), params, Tile::outputs),
          inputs_(x.data<uint8_t>(), sizes_),
          weights_(weights.values.data<int8_t>()),
          start_(weights.start.data<int32_t>()),
          unit_(weights.unit.data<float>()),
          epilogue_(epilogue),
          y_(y.data<Y>()) {}

    [[nodiscard]] const Sizes& sizes() const { return sizes_; }
    [[nodiscard]] int64_t input_pitch() const { return inputs_.pitch(); }
    [[nodiscard]] int64_t input_planes() const { return points; }
    void transform(int64_t first, int64_t last, uint8_t* to, int64_t plane) const {
        inputs_.transform(first, last, to, plane);
    }
    void compute_panel(int64_t panel, int64_t first, int64_t last, const uint8_t* transformed,
                       int64_t in_plane, int32_t* products, int64_t plane) const {
        for (int64_t xi = 0; xi < points; ++xi)
            multiply_plane(panel * points + xi, last - first, transformed + xi * in_plane,
                           products + xi * plane);
        for (int64_t tile = first; tile < last; ++tile)
            for (int64_t half = 0; half < panel_columns; half += lanes)
                transform_output(panel, half, TilePlace(sizes_, tile, Tile::outputs),
                                 products + (tile - first) * panel_columns + half, plane);
    }

  private:
    // One xi of one panel.
    void multiply_plane(int64_t plane, int64_t tiles, const uint8_t* transformed, int32_t* products) const {
        const int64_t depth = sizes_.channels, pitch = inputs_.pitch(), bytes = depth * panel_columns;
        const int64_t following = std::min(plane + 1, sizes_.panels() * points - 1);
        for_fetching_row_parts(tiles, [&](auto rows, auto fetched, int64_t row, int64_t half) {
            multiply_levels<rows, fetched>(depth, transformed + row * pitch, pitch, weights_ + plane * bytes,
                                           start_ + plane * panel_columns, products + row * panel_columns,
                                           weights_ + following * bytes + half * bytes / 2);
        });
    }

    // Aᵀ m A of one tile and one vector of channels, and what is done to it.
    void transform_output(int64_t panel, int64_t half, const TilePlace& place, const int32_t* products,
                          int64_t plane) const {
        const float* unit = unit_ + panel * points * panel_columns + half;
        Vector along[Tile::outputs * size];
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) {
            Vector m[size];
#pragma GCC unroll 8
            for (int i = 0; i < size; ++i) {
                const int xi = i * size + j;
                m[i] = __builtin_convertvector(Simd<int32_t>::at(products + xi * plane), Vector) *
                       Vectors::at(unit + xi * panel_columns);
            }
            Tile::output(m, along + j, 1, size);
        }
        const int64_t channel = panel * panel_columns + half;
        const Vector multiplier = Vectors::at(epilogue_.multiplier + channel);
        const Vector bias = Vectors::at(epilogue_.bias + channel);
#pragma GCC unroll 8
        for (int64_t i = 0; i < Tile::outputs; ++i) {
            if (place.row + i >= sizes_.out_height) break;
            Vector result[Tile::outputs];
            Tile::output(along + i * size, result, 1, 1);
            const int64_t pixel =
                (place.image * sizes_.out_height + place.row + i) * sizes_.out_width + place.column;
#pragma GCC unroll 8
            for (int64_t j = 0; j < Tile::outputs; ++j) {
                if (place.column + j >= sizes_.out_width) break;
                const int64_t at = (pixel + j) * sizes_.out_channels + channel;
                Vector value = multiplier * (result[j] + bias);
                if (epilogue_.residual != nullptr)
                    value += epilogue_.residual_is_signed
                                 ? load_levels(static_cast<const int8_t*>(epilogue_.residual) + at)
                                 : load_levels(static_cast<const uint8_t*>(epilogue_.residual) + at);
                store_levels(epilogue_.factor * value, y_ + at);
            }
        }
    }

    Sizes sizes_;
    QuantizedInputs inputs_;
    const int8_t* weights_;
    const int32_t* start_;
    const float* unit_;
    LevelEpilogue epilogue_;
    Y* y_;
};

// Says the same whatever the width of the processor's vectors, since a score depends on it.
bool worthwhile(const Tensor& x, const Tensor& weight, const Tensor& y, const Conv2dParams& params) {
    constexpr std::array<int, 2> ones{1, 1};
    constexpr int64_t inputs = 64, outputs = 32;  // channels in multiples of these
    static_assert(inputs % quantized_block == 0 && outputs % panel_columns == 0);
    if (x.dtype() != DType::u8 || y.dtype() != quantized_dtype(params.activation) || weight.dim(1) != 3 ||
        weight.dim(2) != 3 || params.stride != ones || params.dilation != ones || params.groups != 1 ||
        x.dim(3) % inputs != 0 || y.dim(3) % outputs != 0)
        return false;
    const int64_t tiles = (y.dim(1) + 1) / 2 * ((y.dim(2) + 1) / 2);
    // A quarter of the products is to be saved.
    return 4 * 16 * tiles <= 3 * 9 * y.dim(1) * y.dim(2);
}

}  // namespace

bool winograd_quantized_forward(const Tensor& x, const Tensor& weight, const Tensor& multiplier,
                                const Tensor& bias, const Tensor& residual, Tensor& y,
                                const QuantizedConv2dParams& params) {
    const Winograd mode = compute_mode().winograd;
    if (mode == Winograd::off || (mode == Winograd::inference && !weight.buffer()->frozen())) return false;
    if (!worthwhile(x, weight, y, params.conv)) return false;
    const auto transform = [&weight] { return transformed_quantized_weights(weight); };
    const QuantizedWeights weights =
        weight.buffer()->frozen()
            ? weight.buffer()->attachment<QuantizedWeights>(
                  fmt::format("winograd quantized {} {}", weight.byte_offset(), weight.shape().str()),
                  transform)
            : transform();
    const LevelEpilogue epilogue{multiplier.data<float>(), bias.data<float>(),
                                 residual.defined() ? residual.raw() : nullptr,
                                 residual.defined() && residual.dtype() == DType::i8, params.factor};
    const auto compute = [&]<class Y>(Y) {
        const Forward<Y> work(x, weights, epilogue, y, params.conv);
        Schedule(work).run();
    };
    if (y.dtype() == DType::u8)
        compute(uint8_t{});
    else
        compute(int8_t{});
    return true;
}

}  // namespace unmask
