// SPDX-License-Identifier: Apache-2.0
// Rounding a float32 to 8 bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace unmask {

// The nearest integer (of two the even one) within T's range; 0 for what is not a
// number.
template <class T>
[[nodiscard]] inline T saturated(float value) {
    static_assert(std::is_same_v<T, uint8_t> || std::is_same_v<T, int8_t>);
    constexpr float low = std::is_same_v<T, uint8_t> ? 0.0f : -128.0f;
    constexpr float high = std::is_same_v<T, uint8_t> ? 255.0f : 127.0f;
    // Adding 1.5 · 2^23 rounds to an integer, as the sum has no bits for less; the compiler vectorises it.
    constexpr float rounder = 12582912.0f;
    const float number = value == value ? value : 0.0f;
    const float inside = std::min(std::max(number, low), high);
    return static_cast<T>(static_cast<int32_t>((inside + rounder) - rounder));
}

}  // namespace unmask
