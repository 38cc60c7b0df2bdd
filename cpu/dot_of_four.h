// SPDX-License-Identifier: Apache-2.0
// Sums of four products of 8-bit integers in each 32-bit element, exact: by VNNI's instruction where the file
// is compiled for it, else by products of 16-bit integers.
#pragma once

#include <cstring>

#include "cpu/simd.h"
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace unmask {

struct DotOfFour {
    using Sums = Simd<int32_t>::Register;
    static constexpr int lanes = Simd<int32_t>::lanes;
    static constexpr int bytes = 4 * lanes;  // of a vector of weights, [lane][4]

#if defined(__AVX512VNNI__)
    using Weights = __m512i;
    static Weights load(const int8_t* from) {
        return _mm512_loadu_si512(from);
    }
    // sums[lane] += Σ_k values[k] · weights[lane][k]
    static void add(Sums& sums, const uint8_t* values, const Weights& weights) {
        sums = reinterpret_cast<Sums>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums),
                                                          _mm512_set1_epi32(four_of(values)), weights));
    }
#elif defined(__AVXVNNI__)
    using Weights = __m256i;
    static Weights load(const int8_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static void add(Sums& sums, const uint8_t* values, const Weights& weights) {
        sums = reinterpret_cast<Sums>(_mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sums),
                                                              _mm256_set1_epi32(four_of(values)), weights));
    }
#else
    typedef int16_t Pairs __attribute__((vector_size(Simd<int32_t>::bytes)));
    // The first and third of four, and the second and fourth, as 16-bit integers; little-endian.
    struct Weights {
        Sums even, odd;
    };
    static Weights load(const int8_t* from) {
        Pairs pairs;
        std::memcpy(&pairs, from, sizeof(pairs));
        return {reinterpret_cast<Sums>(pairs << 8 >> 8), reinterpret_cast<Sums>(pairs >> 8)};
    }
    static void add(Sums& sums, const uint8_t* values, const Weights& weights) {
        constexpr int32_t low_bytes = 0x00ff00ff;
        const auto four = static_cast<uint32_t>(four_of(values));
        sums += products_of_pairs(static_cast<int32_t>(four) & low_bytes, weights.even) +
                products_of_pairs(static_cast<int32_t>(four >> 8) & low_bytes, weights.odd);
    }

    // The sum of the products of the two 16-bit integers in each element.
    static Sums products_of_pairs(int32_t pair, Sums weights) {
#if defined(__AVX512BW__)
        return reinterpret_cast<Sums>(
            _mm512_madd_epi16(_mm512_set1_epi32(pair), reinterpret_cast<__m512i>(weights)));
#elif defined(__AVX2__) && !defined(__AVX512F__)
        return reinterpret_cast<Sums>(
            _mm256_madd_epi16(_mm256_set1_epi32(pair), reinterpret_cast<__m256i>(weights)));
#elif defined(__SSE2__) && !defined(__AVX__)
        return reinterpret_cast<Sums>(
            _mm_madd_epi16(_mm_set1_epi32(pair), reinterpret_cast<__m128i>(weights)));
#else
        return (pair & 0xffff) * (weights << 16 >> 16) + (pair >> 16) * (weights >> 16);
#endif
    }
#endif

  private:
    static int32_t four_of(const uint8_t* values) {
        int32_t four;
        std::memcpy(&four, values, sizeof(four));
        return four;
    }
};

}  // namespace unmask
