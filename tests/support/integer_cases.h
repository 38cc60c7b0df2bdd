// SPDX-License-Identifier: Apache-2.0
// Geometries of convolutions over 8-bit integers and over compact weights, and operands for them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/ops/conv2d.h"
#include "engine/philox.h"

namespace unmask {

struct IntegerCase {
    Shape x, weight;  // [N, H, W, C], [O, kh, kw, C / groups]
    Conv2dOptions options;
};

// Strides, paddings, dilations and groups, with channels that fill vectors and tiles and that do not.
[[nodiscard]] inline const std::vector<IntegerCase>& integer_cases() {
    static const std::vector<IntegerCase> cases{
        {{2, 6, 7, 5}, {9, 3, 3, 5}, {.padding = {1, 1}}},
        {{1, 9, 8, 3}, {4, 7, 7, 3}, {.stride = {2, 2}, .padding = {3, 3}}},
        {{1, 9, 8, 3}, {4, 5, 3, 3}, {.stride = {2, 3}, .padding = {2, 1}}},
        {{1, 9, 9, 64}, {64, 3, 3, 64}, {.padding = {1, 1}}},
        {{1, 12, 11, 80}, {70, 3, 3, 80}, {.same_padding = true}},
        {{1, 8, 8, 48}, {80, 3, 3, 48}, {.stride = {2, 2}, .same_padding = true}},
        {{2, 5, 5, 40}, {70, 1, 1, 40}, {}},
        {{1, 7, 7, 64}, {32, 1, 1, 64}, {.stride = {2, 2}}},
        {{1, 9, 9, 4}, {6, 3, 3, 4}, {.padding = {2, 2}, .dilation = {2, 2}}},
        {{1, 9, 9, 32}, {32, 3, 3, 1}, {.padding = {1, 1}, .groups = 32}},
        {{2, 9, 9, 20}, {20, 3, 3, 1}, {.stride = {2, 2}, .groups = 20, .same_padding = true}},
        {{1, 6, 6, 8}, {12, 3, 3, 4}, {.padding = {1, 1}, .groups = 2}},
        {{1, 5, 5, 512}, {16, 3, 3, 512}, {.padding = {1, 1}}}};
    return cases;
}

// Even in low … high.
[[nodiscard]] inline Tensor drawn(const Shape& shape, uint64_t seed, float low = -1.0f, float high = 1.0f) {
    const Philox random(seed, "drawn");
    Tensor result = Tensor::empty(shape);
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = low + (high - low) * random.uniform(0, static_cast<uint64_t>(i));
    return result;
}

}  // namespace unmask
