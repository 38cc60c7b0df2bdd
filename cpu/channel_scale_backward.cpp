// SPDX-License-Identifier: Apache-2.0
// Gradients of channels weighted image by image. An image's sums belong to one thread: blocks of pixels in
// x's dtype, added up in float64.
#include <algorithm>
#include <array>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "engine/ops/channel_scale.h"

namespace unmask {
namespace {

constexpr int64_t strip = 256;        // most channels at a time
constexpr int64_t block_pixels = 64;  // whose sums stay in x's dtype

// `count` channels of one image; pointers to its first pixel's first of them, grad_x may be null.
template <class T>
void image_backward(const T* grad_y, const T* x, const T* scale, int64_t pixels, int64_t pitch, int64_t count,
                    T* grad_x, T* grad_scale) {
    std::array<double, strip> totals{};
    std::array<T, strip> sums;
    for (int64_t begin = 0; begin < pixels; begin += block_pixels) {
        std::fill_n(sums.data(), count, T(0));
        for (int64_t pixel = begin; pixel < std::min(pixels, begin + block_pixels); ++pixel) {
            const T *g = grad_y + pixel * pitch, *values = x + pixel * pitch;
#pragma omp simd
            for (int64_t c = 0; c < count; ++c) sums[c] += g[c] * values[c];
            if (grad_x == nullptr) continue;
            T* to = grad_x + pixel * pitch;
#pragma omp simd
            for (int64_t c = 0; c < count; ++c) to[c] = g[c] * scale[c];
        }
#pragma omp simd
        for (int64_t c = 0; c < count; ++c) totals[c] += static_cast<double>(sums[c]);
    }
    if (grad_scale == nullptr) return;
    for (int64_t c = 0; c < count; ++c) grad_scale[c] = static_cast<T>(totals[c]);
}

void backward(const Tensor& grad_y, const Tensor& x, const Tensor& scale, Tensor& grad_x,
              Tensor& grad_scale) {
    dispatch_floating(channel_scale_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
        const int64_t strips = (channels + strip - 1) / strip;
        const T *g = grad_y.data<T>(), *in = x.data<T>(), *factors = scale.data<T>();
        T* to_x = grad_x.defined() ? grad_x.data<T>() : nullptr;
        T* to_scale = grad_scale.defined() ? grad_scale.data<T>() : nullptr;
        parallel_for(x.dim(0) * strips, 1, [=](int64_t task, int64_t) {
            const int64_t image = task / strips, channel = task % strips * strip;
            const int64_t first = image * pixels * channels + channel, factor = image * channels + channel;
            image_backward(g + first, in + first, factors + factor, pixels, channels,
                           std::min(strip, channels - channel), to_x == nullptr ? nullptr : to_x + first,
                           to_scale == nullptr ? nullptr : to_scale + factor);
        });
    });
}

const KernelEntry entry{channel_scale_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
