// SPDX-License-Identifier: Apache-2.0
// Channels weighted image by image.
#include "engine/ops/channel_scale.h"

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

void forward(const Tensor& x, const Tensor& scale, Tensor& y) {
    dispatch_floating(channel_scale_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
        const T *in = x.data<T>(), *factors = scale.data<T>();
        T* out = y.data<T>();
        parallel_rows(x.dim(0) * pixels, channels, [=](int64_t begin, int64_t end) {
            for (int64_t pixel = begin; pixel < end; ++pixel) {
                const T *from = in + pixel * channels, *factor = factors + pixel / pixels * channels;
                T* to = out + pixel * channels;
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c) to[c] = from[c] * factor[c];
            }
        });
    });
}

const KernelEntry entry{channel_scale_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
