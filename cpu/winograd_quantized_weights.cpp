// SPDX-License-Identifier: Apache-2.0
#include "cpu/winograd_quantized_weights.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "cpu/winograd_stages.h"

namespace unmask::winograd {
namespace {

using Tile = WinogradTile<2>;
constexpr int size = Tile::size, points = size * size, taps = 9;
constexpr int denominator = 4;  // of the transformed weights
constexpr int largest = 127;

// denominator · G g Gᵀ of the taps of one input and output channel; exact.
void transform_taps(const int8_t* taps_of, int64_t pitch, int32_t (&u)[points]) {
    int32_t half[size][3];
    for (int i = 0; i < size; ++i)
        for (int q = 0; q < 3; ++q) {
            half[i][q] = 0;
            for (int p = 0; p < 3; ++p)
                half[i][q] += static_cast<int32_t>(2 * Tile::kernel[i][p]) * taps_of[(3 * p + q) * pitch];
        }
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
            int32_t sum = 0;
            for (int q = 0; q < 3; ++q) sum += static_cast<int32_t>(2 * Tile::kernel[j][q]) * half[i][q];
            u[i * size + j] = sum;
        }
}

int64_t channel_at(int64_t place) {
    return place / quantized_block * quantized_block +
           Words::narrowed_from(static_cast<int>(place % quantized_block));
}

}  // namespace

QuantizedWeights transformed_quantized_weights(const Tensor& weight) {
    const int64_t outputs = weight.dim(0), channels = weight.dim(3), panels = outputs / panel_columns;
    QuantizedWeights result{Tensor::empty({panels, points, channels / 4, panel_columns, 4}, DType::i8),
                            Tensor::empty({panels, points, panel_columns}, DType::i32),
                            Tensor::empty({panels, points, panel_columns})};
    parallel_for(outputs, 1, [&](int64_t output, int64_t) {
        const Scratch<int32_t> transformed(channels * points);
        int32_t highest[points] = {};
        for (int64_t c = 0; c < channels; ++c) {
            int32_t u[points];
            transform_taps(weight.data<int8_t>() + output * taps * channels + c, channels, u);
            for (int xi = 0; xi < points; ++xi) {
                transformed.data()[xi * channels + c] = u[xi];
                highest[xi] = std::max(highest[xi], std::abs(u[xi]));
            }
        }
        for (int xi = 0; xi < points; ++xi) {
            const KeptInput kept = kept_input(xi);
            const int64_t plane = output / panel_columns * points + xi, column = output % panel_columns;
            int8_t* to = result.values.data<int8_t>() + plane * channels * panel_columns + 4 * column;
            int32_t total = 0;
            for (int64_t place = 0; place < channels; ++place) {
                // A quotient in the middle of two integers is exact in float64, and goes to the even one.
                const double u = largest * transformed.data()[xi * channels + channel_at(place)];
                const auto rounded = static_cast<int8_t>(std::nearbyint(u / std::max(highest[xi], 1)));
                to[place / 4 * 4 * panel_columns + place % 4] = rounded;
                total += rounded;
            }
            result.start.data<int32_t>()[plane * panel_columns + column] = -kept.offset * total;
            result.unit.data<float>()[plane * panel_columns + column] =
                kept.step() * static_cast<float>(highest[xi]) / float{largest * denominator};
        }
    });
    return result;
}

}  // namespace unmask::winograd
