// SPDX-License-Identifier: Apache-2.0
// Between float32 and 8-bit integers.
#include "engine/ops/quantize.h"

#include "cpu/parallel.h"
#include "cpu/quantize.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Pointers by value: bytes that are written may be any object, a lambda's captures too, and the loop would
// not be vectorised.
template <class T>
void quantize_values(const float* x, T* y, int64_t count, float inverse) {
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) y[i] = saturated<T>(x[i] * inverse);
}

template <class T>
void quantize_as(const Tensor& x, Tensor& y, float scale) {
    const float inverse = 1.0f / scale;
    parallel_for(x.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
        quantize_values(x.data<float>() + begin, y.data<T>() + begin, end - begin, inverse);
    });
}

template <class T>
void dequantize_as(const Tensor& x, Tensor& y, float scale) {
    const T* in = x.data<T>();
    float* out = y.data<float>();
    parallel_for(x.numel(), elementwise_grain, [&](int64_t begin, int64_t end) {
#pragma omp simd
        for (int64_t i = begin; i < end; ++i) out[i] = scale * static_cast<float>(in[i]);
    });
}

void quantize_kernel(const Tensor& x, Tensor& y, float scale) {
    UNMASK_ASSERT(x.dtype() == DType::f32 && x.shape() == y.shape());
    if (y.dtype() == DType::u8)
        quantize_as<uint8_t>(x, y, scale);
    else
        quantize_as<int8_t>(x, y, scale);
}

void dequantize_kernel(const Tensor& x, Tensor& y, float scale) {
    UNMASK_ASSERT(y.dtype() == DType::f32 && x.shape() == y.shape());
    if (x.dtype() == DType::u8)
        dequantize_as<uint8_t>(x, y, scale);
    else
        dequantize_as<int8_t>(x, y, scale);
}

const KernelEntry quantize_entry{quantize_forward, Backend::portable, &quantize_kernel};
const KernelEntry dequantize_entry{dequantize_forward, Backend::portable, &dequantize_kernel};

}  // namespace
}  // namespace unmask
