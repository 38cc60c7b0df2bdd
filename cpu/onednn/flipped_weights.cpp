// SPDX-License-Identifier: Apache-2.0
#include "cpu/onednn/flipped_weights.h"

#include <algorithm>

#include "cpu/parallel.h"

namespace unmask::onednn {
namespace {
constexpr int64_t tile = 16;                // floats of one cache line, both ways
constexpr int64_t fewest_positions = 1024;  // 8 maps of 14 x 14 gain, 8 of 7 x 7 lose
}  // namespace

bool runs_as_forward(const Shape& grad_y, const Shape& weight, const Conv2dParams& params) {
    if (params.groups != 1 || grad_y[0] * grad_y[1] * grad_y[2] < fewest_positions) return false;
    for (size_t i = 0; i < 2; ++i) {
        const int64_t reach = params.dilation[i] * (weight[static_cast<int>(i) + 1] - 1);
        if (params.stride[i] != 1 || params.padding_before[i] > reach || params.padding_after[i] > reach)
            return false;
    }
    return true;
}

Conv2dParams transposed_params(const Shape& weight, const Conv2dParams& params) {
    Conv2dParams transposed = params;
    for (size_t i = 0; i < 2; ++i) {
        const auto reach = static_cast<int>(params.dilation[i] * (weight[static_cast<int>(i) + 1] - 1));
        transposed.padding_before[i] = reach - params.padding_before[i];
        transposed.padding_after[i] = reach - params.padding_after[i];
    }
    return transposed;
}

Tensor flipped_weights(const Tensor& weight) {
    const int64_t outputs = weight.dim(0), taps = weight.dim(1) * weight.dim(2), inputs = weight.dim(3);
    Tensor flipped = Tensor::empty({inputs, weight.dim(1), weight.dim(2), outputs});
    const float* source = weight.data<float>();
    float* target = flipped.data<float>();
    const int64_t input_tiles = (inputs + tile - 1) / tile;
    parallel_for(input_tiles, 1, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            const int64_t first_input = block * tile, last_input = std::min(first_input + tile, inputs);
            for (int64_t tap = 0; tap < taps; ++tap)
                for (int64_t first = 0; first < outputs; first += tile) {
                    const int64_t last = std::min(first + tile, outputs);
                    for (int64_t i = first_input; i < last_input; ++i) {
                        float* row = target + (i * taps + taps - 1 - tap) * outputs;
                        for (int64_t o = first; o < last; ++o) row[o] = source[(o * taps + tap) * inputs + i];
                    }
                }
        }
    });
    return flipped;
}

}  // namespace unmask::onednn
