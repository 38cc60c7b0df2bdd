// SPDX-License-Identifier: Apache-2.0
// Element types. float64 is there for checks: the portable CPU kernels compute in it, and the
// finite-difference gradient checks and higher-precision references are made with it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace unmask {

enum class DType : uint8_t { f32, f64, bf16, f16, u8, i8, i32, i64 };

// Bytes of one element.
[[nodiscard]] constexpr size_t size_of(DType dtype) {
    switch (dtype) {
        case DType::u8:
        case DType::i8:
            return 1;
        case DType::bf16:
        case DType::f16:
            return 2;
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::f64:
        case DType::i64:
            return 8;
    }
    return 0;
}

[[nodiscard]] constexpr std::string_view name_of(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
        case DType::bf16:
            return "bf16";
        case DType::f16:
            return "f16";
        case DType::u8:
            return "u8";
        case DType::i8:
            return "i8";
        case DType::i32:
            return "i32";
        case DType::i64:
            return "i64";
    }
    return "?";
}

[[nodiscard]] constexpr bool is_floating(DType dtype) {
    return dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16 || dtype == DType::f16;
}

// Brain float: the upper half of a float32, rounded to nearest even. Storage only; arithmetic is in float32.
struct BFloat16 {
    uint16_t bits = 0;
    BFloat16() = default;
    explicit constexpr BFloat16(float value) {
        const uint32_t raw = std::bit_cast<uint32_t>(value);
        const bool is_nan = (raw & 0x7FFFFFFFu) > 0x7F800000u;
        bits = is_nan ? static_cast<uint16_t>((raw >> 16) | 0x40u)
                      : static_cast<uint16_t>((raw + 0x7FFFu + ((raw >> 16) & 1u)) >> 16);
    }
    explicit constexpr operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

// IEEE binary16, rounded to nearest even; written out, since not every compiler has the type. Storage only.
struct Float16 {
    uint16_t bits = 0;
    Float16() = default;
    explicit constexpr Float16(float number) {
        const uint32_t raw = std::bit_cast<uint32_t>(number), magnitude = raw & 0x7FFFFFFFu;
        uint32_t half = 0;
        if (magnitude > 0x7F800000u) {
            half = 0x7E00u | ((magnitude >> 13) & 0x3FFu);  // not a number, quiet
        } else if (magnitude >= 0x477FF000u) {
            half = 0x7C00u;  // from 65520 on the nearest is infinity
        } else if (magnitude < 0x38800000u) {
            // Below 2^-14: multiples of 2^-24.
            const float scaled = std::bit_cast<float>(magnitude) * 0x1p24f;
            half = static_cast<uint32_t>(scaled);
            const float rest = scaled - static_cast<float>(half);
            half += rest > 0.5f || (rest == 0.5f && (half & 1u) != 0) ? 1 : 0;
        } else {
            half = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
        }
        bits = static_cast<uint16_t>(half | ((raw >> 16) & 0x8000u));
    }
    explicit constexpr operator float() const {
        const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, magnitude = bits & 0x7FFFu;
        if (magnitude < 0x400u) {
            const float small = static_cast<float>(magnitude) * 0x1p-24f;
            return sign != 0 ? -small : small;
        }
        const uint32_t exponent = magnitude < 0x7C00u ? 0x38000000u : 0x70000000u;
        return std::bit_cast<float>(sign | ((magnitude << 13) + exponent));
    }
};

// The DType of a C++ type.
template <class T>
inline constexpr DType dtype_of = T::no_such_dtype;
template <>
inline constexpr DType dtype_of<float> = DType::f32;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<BFloat16> = DType::bf16;
template <>
inline constexpr DType dtype_of<Float16> = DType::f16;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::u8;
template <>
inline constexpr DType dtype_of<int8_t> = DType::i8;
template <>
inline constexpr DType dtype_of<int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<int64_t> = DType::i64;

}  // namespace unmask
