// SPDX-License-Identifier: Apache-2.0
// The maximum of one window of an NHWC map, vectorised over channels.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "cpu/pool_window.h"
#include "cpu/simd.h"

namespace unmask {

template <class T>
constexpr T least() {
    if constexpr (std::numeric_limits<T>::has_infinity) return -std::numeric_limits<T>::infinity();
    return std::numeric_limits<T>::lowest();
}

// y = the largest tap of `vectors` whole vectors of channels, held in registers.
template <class T, int vectors>
void max_vectors(const T* image, int64_t width, int64_t channels, PoolRange rows, PoolRange columns, T* y) {
    using Vectors = Simd<T>;
    typename Vectors::Register best[vectors];
#pragma GCC unroll 4
    for (auto& each : best) each = typename Vectors::Register{} + least<T>();
    for (int64_t row = rows.begin; row < rows.end; ++row) {
        const T* from = image + (row * width + columns.begin) * channels;
        for (int64_t column = columns.begin; column < columns.end; ++column, from += channels)
#pragma GCC unroll 4
            for (int i = 0; i < vectors; ++i) {
                const typename Vectors::Register value = Vectors::at(from + i * Vectors::lanes);
                best[i] = ((value > best[i]) | (value != value)) ? value : best[i];
            }
    }
#pragma GCC unroll 4
    for (int i = 0; i < vectors; ++i) Vectors::at(y + i * Vectors::lanes) = best[i];
}

// The same of all channels that fill vectors; returns how many.
template <class T>
int64_t max_whole_vectors(const T* image, int64_t width, int64_t channels, PoolRange rows, PoolRange columns,
                          T* y) {
    constexpr int64_t lanes = Simd<T>::lanes;
    int64_t c = 0;
    for (; c + 4 * lanes <= channels; c += 4 * lanes)
        max_vectors<T, 4>(image + c, width, channels, rows, columns, y + c);
    for (; c + lanes <= channels; c += lanes)
        max_vectors<T, 1>(image + c, width, channels, rows, columns, y + c);
    return c;
}

// y = the largest tap; places count the whole window, row-major, padding included.
template <class T, bool with_argmax>
void max_window(const T* image, int64_t width, int64_t channels, PoolRange rows, PoolRange columns,
                int64_t first_row, int64_t first_column, int64_t kernel_width, T* y, uint8_t* argmax) {
    constexpr int64_t strip = 128;
    std::array<int32_t, strip> place;
    int64_t c0 = 0;
    if constexpr (!with_argmax) c0 = max_whole_vectors(image, width, channels, rows, columns, y);
    for (; c0 < channels; c0 += strip) {
        const int64_t count = std::min(strip, channels - c0);
        T* best = y + c0;
        std::fill_n(best, count, least<T>());
        const auto start =
            static_cast<int32_t>((rows.begin - first_row) * kernel_width + columns.begin - first_column);
        if constexpr (with_argmax) std::fill_n(place.data(), count, start);
        for (int64_t row = rows.begin; row < rows.end; ++row)
            for (int64_t column = columns.begin; column < columns.end; ++column) {
                const T* from = image + (row * width + column) * channels + c0;
                const auto here =
                    static_cast<int32_t>((row - first_row) * kernel_width + column - first_column);
#pragma omp simd
                for (int64_t c = 0; c < count; ++c) {
                    const bool larger = from[c] > best[c] || from[c] != from[c];
                    best[c] = larger ? from[c] : best[c];
                    if constexpr (with_argmax) place[c] = larger ? here : place[c];
                }
            }
        if constexpr (with_argmax)
            for (int64_t c = 0; c < count; ++c) argmax[c0 + c] = static_cast<uint8_t>(place[c]);
    }
}

}  // namespace unmask
