// SPDX-License-Identifier: Apache-2.0
// Matrix products, one after the other for each batch; many small ones are shared out among the threads.
#include "engine/ops/matmul.h"

#include "cpu/dispatch.h"
#include "cpu/gemm.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

template <class T>
void run(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    const GemmSizes sizes{y.dim(-2), y.dim(-1), params.transpose_a ? a.dim(-2) : a.dim(-1)};
    const int64_t matrix = sizes.m * sizes.n;
    if (matrix == 0 || y.numel() == 0) return;
    const int64_t batches = y.numel() / matrix;
    // A plain matrix serves every batch. One that meets a batch of a's that are not transposed is one
    // product.
    const bool stacked = b.rank() == 2 && !params.transpose_a && a.rank() > 2;
    const int64_t a_step = a.rank() == 2 ? 0 : sizes.m * sizes.k;
    const int64_t b_step = b.rank() == 2 ? 0 : sizes.k * sizes.n;
    const T* offsets = bias.defined() ? bias.data<T>() : nullptr;

    const auto multiply = [&](const GemmSizes& part, int64_t batch) {
        const T* left = a.data<T>() + batch * a_step;
        const T* right = b.data<T>() + batch * b_step;
        gemm<T>(part, params.transpose_a ? MatrixView<T>{left, 1, sizes.m} : MatrixView<T>{left, sizes.k, 1},
                params.transpose_b ? MatrixView<T>{right, 1, sizes.k} : MatrixView<T>{right, sizes.n, 1},
                offsets, y.data<T>() + batch * matrix, sizes.n);
    };
    if (stacked) return multiply({batches * sizes.m, sizes.n, sizes.k}, 0);
    if (batches >= 2 * thread_count())
        return parallel_for(batches, 1, [&](int64_t batch, int64_t) { multiply(sizes, batch); });
    for (int64_t batch = 0; batch < batches; ++batch) multiply(sizes, batch);
}

void forward(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    dispatch_floating(matmul_forward.name(), a,
                      [&](auto zero) { run<decltype(zero)>(a, b, bias, y, params); });
    if (params.activation != Activation::none)
        activation_forward(y, y, ActivationParams{.kind = params.activation});
}

const KernelEntry forward_entry{matmul_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
