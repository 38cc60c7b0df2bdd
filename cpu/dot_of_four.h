// SPDX-License-Identifier: Apache-2.0
// Sums of four products of 8-bit integers in each 32-bit element, exact: by VNNI's instruction where the file
// is compiled for it, else in 32 bits.
#pragma once

#include <cstring>

#include "cpu/simd.h"
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)
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
        int32_t four;
        std::memcpy(&four, values, sizeof(four));
        sums = reinterpret_cast<Sums>(
            _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sums), _mm512_set1_epi32(four), weights));
    }
#elif defined(__AVXVNNI__)
    using Weights = __m256i;
    static Weights load(const int8_t* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static void add(Sums& sums, const uint8_t* values, const Weights& weights) {
        int32_t four;
        std::memcpy(&four, values, sizeof(four));
        sums = reinterpret_cast<Sums>(
            _mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sums), _mm256_set1_epi32(four), weights));
    }
#else
    struct Weights {
        Sums of[4];
    };
    static Weights load(const int8_t* from) {
        Sums four;
        std::memcpy(&four, from, sizeof(four));
        return {{four << 24 >> 24, four << 16 >> 24, four << 8 >> 24, four >> 24}};
    }
    static void add(Sums& sums, const uint8_t* values, const Weights& weights) {
        for (int k = 0; k < 4; ++k) sums += int32_t{values[k]} * weights.of[k];
    }
#endif
};

}  // namespace unmask
