// SPDX-License-Identifier: Apache-2.0
// Between float32 and 8-bit integers.
#include "engine/ops/quantize.h"

#include "cuda/levels.cuh"
#include "cuda/map.cuh"

namespace unmask {
namespace {

struct Times {
    float factor;
    __device__ float operator()(float x) const { return x * factor; }
};

void quantize_kernel(const Tensor& x, Tensor& y, float scale) {
    dispatch_levels(quantize_forward.name(), y, [&](auto zero) {
        using T = decltype(zero);
        launch_map(stream_of(x), x.numel(), Times{1.0f / scale}, y.data<T>(), x.data<float>());
    });
}

void dequantize_kernel(const Tensor& x, Tensor& y, float scale) {
    dispatch_levels(dequantize_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        launch_map(stream_of(x), x.numel(), Times{scale}, y.data<float>(), x.data<T>());
    });
}

const KernelEntry quantize_entry{quantize_forward, Backend::cuda, &quantize_kernel};
const KernelEntry dequantize_entry{dequantize_forward, Backend::cuda, &dequantize_kernel};

}  // namespace
}  // namespace unmask
