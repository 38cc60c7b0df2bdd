// SPDX-License-Identifier: Apache-2.0
// The weights of a quantized convolution, transformed for Winograd's algorithm and rounded to 8 bits.
#pragma once

#include "cpu/narrow_levels.h"
#include "engine/tensor.h"

namespace unmask::winograd {

struct QuantizedWeights {
    Tensor values;  // i8, [panel][xi][C / 4][panel_columns][4], channels in the order of quantized_block
    Tensor start;   // i32, [panel][xi][panel_columns]: what takes the transformed inputs' offset off a sum
    Tensor unit;    // f32, the same: what one of a sum is worth in products of input levels and weights
};

// How V = Bᵀ d B of levels d is kept in 8 bits: as offset + V · factor / 2^15, rounded to nearest and
// clamped. The point 1, 1 is a sum of four levels, never negative; those with 1 in one direction are
// differences of sums of two, clamped beyond ±448; the others, ±384, reach so far less often. Factors by
// which no integer lies in the middle of two: such would all be rounded up.
struct KeptInput {
    int16_t factor;
    int offset;
    // What one level is worth.
    [[nodiscard]] constexpr float step() const { return 32768.0f / static_cast<float>(factor); }
};
[[nodiscard]] constexpr KeptInput kept_input(int xi) {
    constexpr int size = 4;
    const int sums = (xi / size == 1 ? 1 : 0) + (xi % size == 1 ? 1 : 0);
    if (sums == 2) return {7993, 0};                               // steps of 4.1
    return {static_cast<int16_t>(sums == 1 ? 9362 : 10923), 128};  // of 3.5 and 3
}

// Input channels come in blocks of so many; the place p of a block has its channel Words::narrowed_from(p).
constexpr int64_t quantized_block = 2 * Words::lanes;

// G g Gᵀ of weight [O, 3, 3, C] in i8, in integers of -127 to 127 with a unit for each xi and output channel.
[[nodiscard]] QuantizedWeights transformed_quantized_weights(const Tensor& weight);

}  // namespace unmask::winograd
