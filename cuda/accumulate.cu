// SPDX-License-Identifier: Apache-2.0
// Gradients added to where they are kept: one launch for a table of many, since most of them are small.
#include "engine/ops/accumulate.h"

#include "cuda/device.cuh"

namespace unmask {
namespace {

constexpr int most_parts = 96;  // of one launch: the table travels in the kernel's parameters, 4 KiB at most
constexpr int per_thread = 8;   // elements
constexpr int per_block = block_threads * per_thread;

struct Part {
    const void* gradient;
    float* target;
    int64_t count;
    unsigned first_block;
    unsigned is_bf16;
};

struct Table {
    Part parts[most_parts];
    int count;
};

template <int N, class T>
__device__ void add(const T* gradient, float* target, int64_t first, int64_t count) {
    if (first + per_thread <= count) {
#pragma unroll
        for (int i = 0; i < per_thread; i += N) {
            const Pack<T, N> g = load_pack<N>(gradient + first + i);
            Pack<float, N> t = load_pack<N>(target + first + i);
#pragma unroll
            for (int k = 0; k < N; ++k) t[k] += to_float(g[k]);
            store_pack<N>(target + first + i, t);
        }
    } else {
        for (int64_t i = first; i < count; ++i) target[i] += to_float(gradient[i]);
    }
}

template <int N>
__global__ void accumulate_kernel(const Table table) {
    int low = 0, high = table.count - 1;  // the last part that begins at or before this block
    while (low < high) {
        const int middle = (low + high + 1) / 2;
        if (table.parts[middle].first_block <= blockIdx.x)
            low = middle;
        else
            high = middle - 1;
    }
    const Part& part = table.parts[low];
    const int64_t first =
        static_cast<int64_t>(blockIdx.x - part.first_block) * per_block + threadIdx.x * per_thread;
    if (part.is_bf16 != 0)
        add<N>(static_cast<const BFloat16*>(part.gradient), part.target, first, part.count);
    else
        add<N>(static_cast<const float*>(part.gradient), part.target, first, part.count);
}

void accumulate(const Tensor& first, const std::vector<Accumulation>& parts) {
    const Stream stream = stream_of(first);
    Table table{};
    unsigned blocks = 0;
    bool aligned = true;
    const auto launch = [&] {
        if (table.count == 0) return;
        if (aligned)
            UNMASK_LAUNCH((accumulate_kernel<4>), blocks, block_threads, 0, stream, table);
        else
            UNMASK_LAUNCH((accumulate_kernel<1>), blocks, block_threads, 0, stream, table);
        table.count = 0;
        blocks = 0;
        aligned = true;
    };
    for (const Accumulation& part : parts) {
        const int64_t count = part.target.numel();
        if (count == 0) continue;
        const bool rounded = part.gradient.dtype() == DType::bf16;
        const void* gradient = rounded ? static_cast<const void*>(part.gradient.data<BFloat16>())
                                       : static_cast<const void*>(part.gradient.data<float>());
        float* target = part.target.data<float>();
        table.parts[table.count++] = {gradient, target, count, blocks, rounded ? 1u : 0u};
        blocks += blocks_for(count, per_block);
        aligned = aligned && is_aligned(target, 16) && is_aligned(gradient, rounded ? 8 : 16);
        if (table.count == most_parts) launch();
    }
    launch();
}

const KernelEntry entry{accumulate_gradients, Backend::cuda, &accumulate};

}  // namespace
}  // namespace unmask
