// SPDX-License-Identifier: Apache-2.0
// Dropout: the mask is drawn again wherever it is needed, one Philox block for 4 neighbouring elements.
#include <cmath>

#include "cuda/index.cuh"
#include "engine/ops/dropout.h"

namespace unmask {
namespace {

// `threshold` is p · 2^24 rounded up: philox_uniform(bits) >= p in whole numbers.
template <bool packed, class T>
__global__ void dropout_kernel(int64_t count, const T* x, T* y, PhiloxKey key, uint64_t step,
                               const int64_t* device_step, uint32_t threshold, float scale) {
    constexpr int N = packed ? pack_of<T> : 4;
    const int64_t first = global_thread() * N;
    if (first >= count) return;
    if (device_step != nullptr) step = static_cast<uint64_t>(*device_step);
    const Philox philox(key);
    Pack<float, N> factors;
#pragma unroll
    for (int block = 0; block < N / 4; ++block) {
        const PhiloxBlock words = philox.block(step, static_cast<uint64_t>(first / 4 + block));
#pragma unroll
        for (int i = 0; i < 4; ++i) factors[4 * block + i] = (words[i] >> 8) >= threshold ? scale : 0.0f;
    }
    // A dropped element is 0 even where x is not finite.
    const auto masked = [](T value, float factor) {
        return from_float<T>(factor == 0.0f ? 0.0f : to_float(value) * factor);
    };
    if (packed && first + N <= count) {
        Pack<T, N> pack = load_pack<N>(x + first);
#pragma unroll
        for (int i = 0; i < N; ++i) pack[i] = masked(pack[i], factors[i]);
        store_pack<N>(y + first, pack);
        return;
    }
#pragma unroll
    for (int i = 0; i < N; ++i)
        if (first + i < count) y[first + i] = masked(x[first + i], factors[i]);
}

void forward(const Tensor& x, Tensor& y, const DropoutParams& params) {
    const int64_t count = x.numel();
    if (count == 0) return;
    dispatch_storage(dropout_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const auto* device_step = params.device_step.defined() ? params.device_step.data<int64_t>()
                                                               : static_cast<int64_t*>(nullptr);
        const auto threshold = static_cast<uint32_t>(std::ceil(params.probability * 0x1p24));
        const auto scale = static_cast<float>(1.0 / (1.0 - params.probability));
        const auto launch = [&](auto packed) {
            constexpr int N = packed() ? pack_of<T> : 4;
            UNMASK_LAUNCH((dropout_kernel<packed(), T>), blocks_for(count, int64_t{block_threads} * N),
                          block_threads, 0, stream_of(x), count, in, out, params.key, params.step,
                          device_step, threshold, scale);
        };
        if (is_aligned(in, 16) && is_aligned(out, 16))
            launch(std::true_type{});
        else
            launch(std::false_type{});
    });
}

const KernelEntry forward_entry{dropout_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
