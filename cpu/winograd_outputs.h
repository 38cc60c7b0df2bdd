// SPDX-License-Identifier: Apache-2.0
// The last step of Winograd's convolutions: from products to outputs, with bias, residual and activation.
#pragma once

#include <algorithm>

#include "cpu/winograd_stages.h"
#include "engine/tensor.h"

namespace unmask::winograd {

struct Epilogue {
    const float* bias;      // or null
    const float* residual;  // or null
    Activation activation;

    Epilogue(const Tensor& bias_values, const Tensor& residual_values, Activation what)
        : bias(bias_values.defined() ? bias_values.data<float>() : nullptr),
          residual(residual_values.defined() ? residual_values.data<float>() : nullptr),
          activation(what) {}
};

inline Vector activated(Vector v, Activation activation) {
    if (activation == Activation::relu) return v < 0.0f ? Vector{} : v;  // keeps NaN
    return v;
}

// y = activation(Aᵀ m A + bias + residual) of one tile and one vector of channels; `whole`: rows = columns =
// Tile::outputs.
template <class Tile, bool whole>
void transform_output(const float* from, int64_t plane, Vector bias, const Epilogue& epilogue, int64_t rows,
                      int64_t columns, const Sizes& s, int64_t corner, float* y) {
    constexpr int size = Tile::size, outputs = Tile::outputs;
    Vector half[outputs * size];
#pragma GCC unroll 8
    for (int j = 0; j < size; ++j) {
        Vector m[size];
#pragma GCC unroll 8
        for (int i = 0; i < size; ++i) m[i] = Vectors::at(from + (i * size + j) * plane);
        Tile::output(m, half + j, 1, size);
    }
#pragma GCC unroll 8
    for (int i = 0; i < outputs; ++i) {
        if (!whole && i >= rows) break;
        Vector result[outputs];
        Tile::output(half + i * size, result, 1, 1);
#pragma GCC unroll 8
        for (int j = 0; j < outputs; ++j) {
            if (!whole && j >= columns) break;
            const int64_t at = corner + (i * s.out_width + j) * s.out_channels;
            Vector v = result[j] + bias;
            if (epilogue.residual != nullptr) v += Vectors::at(epilogue.residual + at);
            Vectors::at(y + at) = activated(v, epilogue.activation);
        }
    }
}

// The same of tiles [first, last) and the channels of one panel; products [xi][tile - first][panel_columns].
template <class Tile>
void transform_outputs(const float* products, int64_t plane, const Sizes& s, int64_t panel, int64_t first,
                       int64_t last, const Epilogue& epilogue, float* y) {
    constexpr int outputs = Tile::outputs;
    Vector bias[2] = {};
    for (int half = 0; half < 2 && epilogue.bias != nullptr; ++half)
        bias[half] = Vectors::at(epilogue.bias + panel * panel_columns + half * lanes);
    for (int64_t tile = first; tile < last; ++tile) {
        const TilePlace place(s, tile, outputs);
        const int64_t rows = std::min<int64_t>(outputs, s.out_height - place.row);
        const int64_t columns = std::min<int64_t>(outputs, s.out_width - place.column);
        const int64_t corner =
            ((place.image * s.out_height + place.row) * s.out_width + place.column) * s.out_channels +
            panel * panel_columns;
        const float* from = products + (tile - first) * panel_columns;
        for (int half = 0; half < 2; ++half) {
            const int64_t shift = half * lanes;
            if (rows == outputs && columns == outputs)
                transform_output<Tile, true>(from + shift, plane, bias[half], epilogue, rows, columns, s,
                                             corner + shift, y);
            else
                transform_output<Tile, false>(from + shift, plane, bias[half], epilogue, rows, columns, s,
                                              corner + shift, y);
        }
    }
}

}  // namespace unmask::winograd
