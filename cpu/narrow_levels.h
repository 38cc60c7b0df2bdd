// SPDX-License-Identifier: Apache-2.0
// Between 8-bit levels and vectors of 16-bit integers or floats.
#pragma once

#include <type_traits>

#include "cpu/quantize.h"
#include "cpu/simd.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace unmask {

// 16-bit integers.
struct Words {
    using Vector = Simd<int16_t>::Register;
    static constexpr int lanes = Simd<int16_t>::lanes;
    typedef uint8_t Levels __attribute__((vector_size(lanes), aligned(1), may_alias));

    [[nodiscard]] static Vector widened(const uint8_t* levels) {
        return __builtin_convertvector(*reinterpret_cast<const Levels*>(levels), Vector);
    }

    // v · factor / 2^15, rounded to the nearest, up where two are.
    [[nodiscard]] static Vector scaled(Vector v, int16_t factor) {
#if defined(__AVX512BW__)
        return reinterpret_cast<Vector>(
            _mm512_mulhrs_epi16(reinterpret_cast<__m512i>(v), _mm512_set1_epi16(factor)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
        return reinterpret_cast<Vector>(
            _mm256_mulhrs_epi16(reinterpret_cast<__m256i>(v), _mm256_set1_epi16(factor)));
#else
        typedef int32_t Wide __attribute__((vector_size(4 * lanes)));
        const Wide product = __builtin_convertvector(v, Wide) * int32_t{factor};
        return __builtin_convertvector((product + (1 << 14)) >> 15, Vector);
#endif
    }

    // Clamps both vectors to 0 … 255 and writes them as 2 · lanes levels: place p has the element
    // narrowed_from(p) of the two, first then second, as the instruction for it interleaves them.
    static void narrow(Vector first, Vector second, uint8_t* to) {
#if defined(__AVX512BW__)
        _mm512_storeu_si512(
            to, _mm512_packus_epi16(reinterpret_cast<__m512i>(first), reinterpret_cast<__m512i>(second)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
        _mm256_storeu_si256(
            reinterpret_cast<__m256i*>(to),
            _mm256_packus_epi16(reinterpret_cast<__m256i>(first), reinterpret_cast<__m256i>(second)));
#elif defined(__SSE2__) && !defined(__AVX__)
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(reinterpret_cast<__m128i>(first),
                                                                          reinterpret_cast<__m128i>(second)));
#else
        for (Vector* each : {&first, &second}) {
            const Vector positive = *each < 0 ? Vector{} : *each;
            const Vector inside = positive > 255 ? Vector{} + int16_t{255} : positive;
            *reinterpret_cast<Levels*>(to) = __builtin_convertvector(inside, Levels);
            to += lanes;
        }
#endif
    }
    [[nodiscard]] static constexpr int narrowed_from(int place) {
        const int half = place / group % 2;
        return half * lanes + place / (2 * group) * group + place % group;
    }

  private:
    // Elements of one vector that stay together.
#if defined(__AVX512BW__) || (defined(__AVX2__) && !defined(__AVX512F__)) || \
    (defined(__SSE2__) && !defined(__AVX__))
    static constexpr int group = 8;
#else
    static constexpr int group = lanes;
#endif
};

// Levels as floats.
template <class T>
[[nodiscard]] Simd<float>::Register load_levels(const T* from) {
#if defined(__AVX512F__)
    // Without the forms of an explicit mask GCC 12 warns of its header's uninitialised values.
    constexpr __mmask16 all = 0xffff;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m512i wide = std::is_same_v<T, uint8_t> ? _mm512_maskz_cvtepu8_epi32(all, bytes)
                                                    : _mm512_maskz_cvtepi8_epi32(all, bytes);
    return reinterpret_cast<Simd<float>::Register>(_mm512_maskz_cvtepi32_ps(all, wide));
#else
    Simd<float>::Register result;
    for (int lane = 0; lane < Simd<float>::lanes; ++lane) result[lane] = static_cast<float>(from[lane]);
    return result;
#endif
}

// Writes finite values as levels, each as saturated<T>() (cpu/quantize.h) makes one.
template <class T>
void store_levels(Simd<float>::Register values, T* to) {
#if defined(__AVX512F__)
    constexpr __mmask16 all = 0xffff;
    const auto floats = reinterpret_cast<__m512>(values);
    if constexpr (std::is_same_v<T, uint8_t>) {
        const __m512 positive = _mm512_maskz_max_ps(all, floats, _mm512_setzero_ps());
        const __m512i rounded = _mm512_maskz_cvtps_epi32(all, positive);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_maskz_cvtusepi32_epi8(all, rounded));
    } else {
        const __m512 below = _mm512_maskz_min_ps(all, floats, _mm512_set1_ps(127.0f));
        const __m512i rounded = _mm512_maskz_cvtps_epi32(all, below);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_maskz_cvtsepi32_epi8(all, rounded));
    }
#else
    for (int lane = 0; lane < Simd<float>::lanes; ++lane) to[lane] = saturated<T>(values[lane]);
#endif
}

}  // namespace unmask
