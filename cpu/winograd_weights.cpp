// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_weights.h"

#include "cpu/parallel.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {
namespace {

// u = G g Gᵀ of one vector of output channels.
template <class Tile>
void transform_kernel(const Vector (&g)[9], float* u, int64_t plane) {
    constexpr int size = Tile::size;
    Vector half[size * 3];
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i)
#pragma GCC unroll 8
        for (int q = 0; q < 3; ++q) {
            Vector sum{};
#pragma GCC unroll 8
            for (int p = 0; p < 3; ++p) sum += static_cast<float>(Tile::kernel[i][p]) * g[3 * p + q];
            half[i * 3 + q] = sum;
        }
#pragma GCC unroll 8
    for (int i = 0; i < size; ++i)
#pragma GCC unroll 8
        for (int j = 0; j < size; ++j) {
            Vector sum{};
#pragma GCC unroll 8
            for (int q = 0; q < 3; ++q) sum += static_cast<float>(Tile::kernel[j][q]) * half[i * 3 + q];
            Vectors::at(u + (i * size + j) * plane) = sum;
        }
}

// Where the transform of `outputs` times `channels` weights a tap lies.
template <class Tile>
struct Panels {
    static constexpr int points = Tile::size * Tile::size;
    int64_t plane;
    Tensor values;

    // What is made anew for every step is written faster to spread planes; what is kept takes no more memory
    // than it must.
    Panels(int64_t outputs, int64_t channels, bool kept)
        : plane(kept ? channels * panel_columns : spread_plane(channels * panel_columns)),
          values(Tensor::empty({outputs / panel_columns, points, plane})) {}

    // Of xi 0, the input channel and the output channels from `output` on.
    [[nodiscard]] float* at(int64_t channel, int64_t output) const {
        return values.data<float>() + output / panel_columns * points * plane + channel * panel_columns +
               output % panel_columns;
    }
};

}  // namespace

template <class Tile>
Tensor transformed_weights(const Tensor& weight) {
    const int64_t outputs = weight.dim(0), channels = weight.dim(3);
    const Panels<Tile> panels(outputs, channels, weight.buffer()->frozen());
    const float* from = weight.data<float>();
    const int64_t rows = channels / lanes, columns = outputs / lanes;
    // A square of lanes × lanes channels at a time, transposed.
    parallel_for(rows * columns, 1, [&](int64_t task, int64_t) {
        const int64_t output = task / rows * lanes, channel = task % rows * lanes;
        float square[9][lanes][lanes];  // [tap][C][O]
        for (int o = 0; o < lanes; ++o)
            for (int tap = 0; tap < 9; ++tap) {
                const float* line = from + ((output + o) * 9 + tap) * channels + channel;
                for (int c = 0; c < lanes; ++c) square[tap][c][o] = line[c];
            }
        for (int c = 0; c < lanes; ++c) {
            Vector g[9];
            for (int tap = 0; tap < 9; ++tap) g[tap] = Vectors::at(square[tap][c]);
            transform_kernel<Tile>(g, panels.at(channel + c, output), panels.plane);
        }
    });
    return panels.values;
}

template <class Tile>
Tensor transformed_turned_weights(const Tensor& weight) {
    const int64_t outputs = weight.dim(3), channels = weight.dim(0);
    const Panels<Tile> panels(outputs, channels, weight.buffer()->frozen());
    const float* from = weight.data<float>();
    const int64_t parts = outputs / panel_columns;
    parallel_for(parts * channels, 4 * lanes, [&](int64_t first, int64_t last) {
        for (int64_t task = first; task < last; ++task) {
            const int64_t channel = task % channels;
            for (int64_t output = task / channels * panel_columns, end = output + panel_columns; output < end;
                 output += lanes) {
                Vector g[9];
                for (int tap = 0; tap < 9; ++tap)
                    g[tap] = Vectors::at(from + (channel * 9 + 8 - tap) * outputs + output);
                transform_kernel<Tile>(g, panels.at(channel, output), panels.plane);
            }
        }
    });
    return panels.values;
}

template Tensor transformed_weights<WinogradTile<2>>(const Tensor&);
template Tensor transformed_weights<WinogradTile<4>>(const Tensor&);
template Tensor transformed_weights<WinogradTile<2, 2>>(const Tensor&);
template Tensor transformed_turned_weights<WinogradTile<2>>(const Tensor&);
template Tensor transformed_turned_weights<WinogradTile<4>>(const Tensor&);

}  // namespace unmask::winograd
