// SPDX-License-Identifier: Apache-2.0
// Index arithmetic of kernels: quick quotients, places in NHWC maps, and the choice of vector accesses.
#pragma once

#include <type_traits>

#include "cuda/device.cuh"

namespace unmask {

// a / b for a >= 0 and b > 0, in 32 bits where both fit: several times as fast.
__device__ inline int64_t quotient(int64_t a, int64_t b) {
    if (((a | b) >> 32) == 0) return static_cast<uint32_t>(a) / static_cast<uint32_t>(b);
    return a / b;
}

// One pixel of an NHWC map and its pack of channels, from the number of the pack.
struct NhwcPlace {
    int64_t image, row, column, channel;

    __device__ NhwcPlace(int64_t pack, int64_t height, int64_t width, int64_t channels, int pack_size) {
        const int64_t packs = channels / pack_size;
        const int64_t pixel = quotient(pack, packs);
        channel = (pack - pixel * packs) * pack_size;
        const int64_t line = quotient(pixel, width);
        column = pixel - line * width;
        image = quotient(line, height);
        row = line - image * height;
    }
};

// Elements of 16 bytes of the widest of the types.
template <class... T>
inline constexpr int pack_of = static_cast<int>(16 / std::max({sizeof(T)...}));

// Whether rows of `run` elements at the pointers (null counts) can be accessed N elements at a time.
template <int N, class... T>
bool can_pack(int64_t run, const T*... pointers) {
    return run % N == 0 && (is_aligned(pointers, N * sizeof(T)) && ...);
}

// Calls function(integral_constant) with N where `packed`, with 1 otherwise.
template <int N, class Function>
void dispatch_pack(bool packed, Function&& function) {
    if (packed)
        function(std::integral_constant<int, N>{});
    else
        function(std::integral_constant<int, 1>{});
}

// The least power of two from `count` on, at most `most`.
inline int power_of_two(int64_t count, int most) {
    int result = 1;
    while (result < most && result < count) result *= 2;
    return result;
}

}  // namespace unmask
