// SPDX-License-Identifier: Apache-2.0
// Dropout: the mask is drawn again wherever it is needed, one Philox block for 4 neighbouring elements.
#include "engine/ops/dropout.h"

#include "cuda/dropout_mask.cuh"
#include "cuda/index.cuh"

namespace unmask {
namespace {

template <bool packed, class T>
__global__ void dropout_kernel(int64_t count, const T* x, T* y, DropoutMask mask) {
    constexpr int N = packed ? pack_of<T> : 4;
    const int64_t first = global_thread() * N;
    if (first >= count) return;
    const bool whole = packed && first + N <= count;
    Pack<T, N> pack{};
    if (whole) {
        pack = load_pack<N>(x + first);
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i)
            if (first + i < count) pack[i] = x[first + i];
    }
    float values[N];
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = to_float(pack[i]);
    mask.apply(values, first);
#pragma unroll
    for (int i = 0; i < N; ++i) pack[i] = from_float<T>(values[i]);
    if (whole) return store_pack<N>(y + first, pack);
#pragma unroll
    for (int i = 0; i < N; ++i)
        if (first + i < count) y[first + i] = pack[i];
}

void forward(const Tensor& x, Tensor& y, const DropoutParams& params) {
    const int64_t count = x.numel();
    if (count == 0) return;
    dispatch_storage(dropout_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const auto launch = [&](auto packed) {
            constexpr int N = packed() ? pack_of<T> : 4;
            UNMASK_LAUNCH((dropout_kernel<packed(), T>), blocks_for(count, int64_t{block_threads} * N),
                          block_threads, 0, stream_of(x), count, in, out, DropoutMask(params, true));
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
