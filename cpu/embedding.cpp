// SPDX-License-Identifier: Apache-2.0
// Rows of a table by label, and their gradients back.
#include "engine/ops/embedding.h"

#include <algorithm>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

void forward(const Tensor& table, const Tensor& labels, Tensor& y) {
    dispatch_floating(embedding_forward.name(), table, [&](auto zero) {
        using T = decltype(zero);
        const int64_t width = table.dim(1);
        const T* rows = table.data<T>();
        const int64_t* label = labels.data<int64_t>();
        T* out = y.data<T>();
        parallel_rows(labels.numel(), width, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                std::copy_n(rows + label[i] * width, width, out + i * width);
        });
    });
}

void backward(const Tensor& grad_y, const Tensor& labels, Tensor& table_gradient) {
    dispatch_floating(embedding_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const int64_t width = table_gradient.dim(1), count = labels.numel();
        const T* gradient = grad_y.data<T>();
        const int64_t* label = labels.data<int64_t>();
        T* out = table_gradient.data<T>();
        for (int64_t i = 0; i < count; ++i) {
            const T* from = gradient + i * width;
            T* to = out + label[i] * width;
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) to[c] += from[c];
        }
    });
}

const KernelEntry forward_entry{embedding_forward, Backend::portable, &forward};
const KernelEntry backward_entry{embedding_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
