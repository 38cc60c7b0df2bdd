// SPDX-License-Identifier: Apache-2.0
// A warp for each column of y: its lanes share the packs of one row of b, and meet them with the same packs
// of every row of a.
#include "cuda/few_row_matmul.h"

#include "cuda/epilogue.cuh"
#include "cuda/index.cuh"

namespace unmask {
namespace {

constexpr int warps = 4, most_rows = 4;

template <class T, int width, int rows>
__global__ void __launch_bounds__(32 * warps)
    few_row_matmul_kernel(int64_t n, int64_t packs, const T* a, const T* b, Epilogue<T> epilogue, T* y) {
    const int lane = static_cast<int>(threadIdx.x);
    const int64_t column = static_cast<int64_t>(blockIdx.x) * warps + threadIdx.y;
    if (column >= n) return;
    const T* own = b + column * packs * width;
    float sums[rows] = {};
#pragma unroll 4
    for (int64_t pack = lane; pack < packs; pack += 32) {
        const Pack<float, width> weights = to_floats(load_pack<width>(own + pack * width));
#pragma unroll
        for (int row = 0; row < rows; ++row) {
            const Pack<float, width> values = to_floats(load_pack<width>(a + (row * packs + pack) * width));
#pragma unroll
            for (int i = 0; i < width; ++i) sums[row] += weights[i] * values[i];
        }
    }
#pragma unroll
    for (int row = 0; row < rows; ++row) {
        const float sum = warp_reduce(sums[row]);
        const int64_t place = row * n + column;
        if (lane == 0) y[place] = epilogue(Pack<float, 1>{sum}, static_cast<int>(column), place)[0];
    }
}

template <class T, int width>
void launch(const Tensor& a, const Tensor& b, const Epilogue<T>& epilogue, Tensor& y) {
    const int64_t n = b.dim(0), packs = b.dim(1) / width;
    const auto run = [&](auto rows) {
        UNMASK_LAUNCH((few_row_matmul_kernel<T, width, rows>), blocks_for(n, warps), dim3(32, warps), 0,
                      stream_of(y), n, packs, a.data<T>(), b.data<T>(), epilogue, y.data<T>());
    };
    switch (a.dim(0)) {
        case 1:
            return run(std::integral_constant<int, 1>{});
        case 2:
            return run(std::integral_constant<int, 2>{});
        case 3:
            return run(std::integral_constant<int, 3>{});
        default:
            return run(std::integral_constant<int, most_rows>{});
    }
}

}  // namespace

bool few_row_matmul_supported(const Tensor& a, const Tensor& b, const MatmulParams& params) {
    if (a.rank() != 2 || b.rank() != 2 || params.transpose_a || !params.transpose_b) return false;
    if (a.dtype() != DType::f32 && a.dtype() != DType::bf16) return false;
    const int64_t words = b.dim(1) * static_cast<int64_t>(size_of(a.dtype())) % 4;
    return a.dim(0) >= 1 && a.dim(0) <= most_rows && b.numel() > 0 && words == 0 && is_aligned(a.raw(), 4) &&
           is_aligned(b.raw(), 4);
}

void few_row_matmul_forward(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y,
                            const MatmulParams& params) {
    UNMASK_ASSERT(few_row_matmul_supported(a, b, params));
    dispatch_storage(matmul_forward.name(), a, [&](auto zero) {
        using T = decltype(zero);
        constexpr int most = pack_of<T>;
        const Epilogue<T> epilogue(bias, Tensor(), params.activation);
        if (can_pack<most>(b.dim(1), a.data<T>(), b.data<T>()))
            launch<T, most>(a, b, epilogue, y);
        else if (can_pack<most / 2>(b.dim(1), a.data<T>(), b.data<T>()))
            launch<T, most / 2>(a, b, epilogue, y);
        else
            launch<T, most / 4>(a, b, epilogue, y);
    });
}

}  // namespace unmask
