// SPDX-License-Identifier: Apache-2.0
// Rows of a table by label, and their gradients back: each element of the table gathers its labels' gradients
// in their order.
#include "engine/ops/embedding.h"

#include "cuda/index.cuh"

namespace unmask {
namespace {

template <int N, class T>
__global__ void gather_rows_kernel(int64_t packs, int64_t width, const T* table, const int64_t* labels,
                                   T* y) {
    const int64_t pack = global_thread();
    if (pack >= packs) return;
    const int64_t place = quotient(pack * N, width), column = pack * N - place * width;
    store_pack<N>(y + pack * N, load_pack<N>(table + labels[place] * width + column));
}

// One thread for each pack of the table; blocks stay within a row.
template <int N, class T>
__global__ void add_rows_kernel(int64_t count, int64_t width, int64_t row_blocks, const T* grad_y,
                                const int64_t* labels, T* table) {
    const int64_t row = quotient(blockIdx.x, row_blocks);
    const int64_t column = ((blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x) * N;
    if (column >= width) return;
    T* place = table + row * width + column;
    const Pack<T, N> before = load_pack<N>(place);
    Pack<float, N> sums;
#pragma unroll
    for (int i = 0; i < N; ++i) sums[i] = to_float(before[i]);
    for (int64_t label = 0; label < count; ++label) {
        if (labels[label] != row) continue;
        const Pack<T, N> gradient = load_pack<N>(grad_y + label * width + column);
#pragma unroll
        for (int i = 0; i < N; ++i) sums[i] += to_float(gradient[i]);
    }
    Pack<T, N> after;
#pragma unroll
    for (int i = 0; i < N; ++i) after[i] = from_float<T>(sums[i]);
    store_pack<N>(place, after);
}

void forward(const Tensor& table, const Tensor& labels, Tensor& y) {
    if (y.numel() == 0) return;
    dispatch_storage(embedding_forward.name(), table, [&](auto zero) {
        using T = decltype(zero);
        const int64_t width = table.dim(1);
        const T* rows = table.data<T>();
        T* out = y.data<T>();
        dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(width, rows, out), [&](auto pack) {
            constexpr int N = pack();
            const int64_t packs = y.numel() / N;
            UNMASK_LAUNCH((gather_rows_kernel<N, T>), blocks_for(packs, block_threads), block_threads, 0,
                          stream_of(y), packs, width, rows, labels.data<int64_t>(), out);
        });
    });
}

void backward(const Tensor& grad_y, const Tensor& labels, Tensor& table_gradient) {
    if (grad_y.numel() == 0) return;
    dispatch_storage(embedding_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const int64_t width = table_gradient.dim(1);
        const T* gradient = grad_y.data<T>();
        T* table = table_gradient.data<T>();
        dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(width, gradient, table), [&](auto pack) {
            constexpr int N = pack();
            const int threads = std::max(32, power_of_two(width / N, block_threads));
            const int64_t row_blocks = blocks_for(width, int64_t{threads} * N);
            UNMASK_LAUNCH((add_rows_kernel<N, T>), blocks_for(table_gradient.dim(0) * row_blocks, 1), threads,
                          0, stream_of(grad_y), labels.numel(), width, row_blocks, gradient,
                          labels.data<int64_t>(), table);
        });
    });
}

const KernelEntry forward_entry{embedding_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{embedding_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
