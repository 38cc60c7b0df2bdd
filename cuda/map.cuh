// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels: one pass over memory, 16 bytes an access where the pointers allow it.
#pragma once

#include "cuda/device.cuh"

namespace unmask {

template <int N, class Function, class Out, class... In>
__global__ void map_kernel(int64_t count, Function function, Out* out, const In*... in) {
    const int64_t first = global_thread() * N;
    if (first + N <= count) {
        Pack<Out, N> result;
        [&](const auto&... packs) {
#pragma unroll
            for (int i = 0; i < N; ++i) result[i] = from_float<Out>(function(to_float(packs[i])...));
        }(load_pack<N>(in + first)...);
        store_pack<N>(out + first, result);
    } else {
        for (int64_t i = first; i < count; ++i) out[i] = from_float<Out>(function(to_float(in[i])...));
    }
}

// out[i] = function(in[i]…) in float32; out may be one of the inputs.
template <class Function, class Out, class... In>
void launch_map(Stream stream, int64_t count, Function function, Out* out, const In*... in) {
    if (count == 0) return;
    constexpr int pack = static_cast<int>(16 / std::max({sizeof(Out), sizeof(In)...}));
    const bool aligned =
        is_aligned(out, pack * sizeof(Out)) && (is_aligned(in, pack * sizeof(In)) && ... && true);
    if (aligned)
        UNMASK_LAUNCH((map_kernel<pack, Function, Out, In...>), blocks_for(count, block_threads * pack),
                      block_threads, 0, stream, count, function, out, in...);
    else
        UNMASK_LAUNCH((map_kernel<1, Function, Out, In...>), blocks_for(count, block_threads), block_threads,
                      0, stream, count, function, out, in...);
}

}  // namespace unmask
