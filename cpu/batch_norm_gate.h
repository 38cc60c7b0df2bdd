// SPDX-License-Identifier: Apache-2.0
// Batch norm with silu behind a gate: a is made from x wherever it is read, so that it is never written. An
// image's sums belong to one thread: blocks of pixels in x's dtype, added up in float64.
#pragma once

#include <algorithm>
#include <array>

#include "cpu/batch_norm_groups.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"

namespace unmask {

// result[n, c] = share · Σ_{h,w} of(a, place in x).
template <class T, class Of>
void sum_gated_map(const Tensor& x, const BatchNormGroup& all, double share, Tensor& result, Of of) {
    constexpr int64_t strip = 256;        // most channels at a time
    constexpr int64_t block_pixels = 64;  // whose sums stay in T
    const ChannelNorms<T> norms(all);
    const NormOfChannels<T> norm = norms;
    const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3), strips = (channels + strip - 1) / strip;
    const T* from = x.data<T>();
    T* to = result.data<T>();
    parallel_for(x.dim(0) * strips, 1, [=](int64_t task, int64_t) {
        const int64_t image = task / strips, channel = task % strips * strip;
        const int64_t count = std::min(strip, channels - channel);
        std::array<double, strip> totals{};
        std::array<T, strip> sums;
        for (int64_t begin = 0; begin < pixels; begin += block_pixels) {
            std::fill_n(sums.data(), count, T(0));
            for (int64_t pixel = begin; pixel < std::min(pixels, begin + block_pixels); ++pixel) {
                const int64_t first = (image * pixels + pixel) * channels + channel;
#pragma omp simd
                for (int64_t c = 0; c < count; ++c)
                    sums[c] += of(silu_of(norm(from[first + c], channel + c)), first + c);
            }
#pragma omp simd
            for (int64_t c = 0; c < count; ++c) totals[c] += static_cast<double>(sums[c]);
        }
        for (int64_t c = 0; c < count; ++c)
            to[image * channels + channel + c] = static_cast<T>(totals[c] * share);
    });
}

// The means that forward leaves.
template <class T>
void gate_means(const Tensor& x, const BatchNormGroup& all, Tensor& means) {
    sum_gated_map<T>(x, all, 1.0 / static_cast<double>(x.dim(1) * x.dim(2)), means,
                     [](T a, int64_t) { return a; });
}

}  // namespace unmask
