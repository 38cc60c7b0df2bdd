// SPDX-License-Identifier: Apache-2.0
#include "cpu/batch_norm_gate.h"

#include "cpu/dispatch.h"

namespace unmask {
namespace {

template <class T>
void weight_channels(const BatchNormBranch& branch, const Tensor& weights, Tensor& y) {
    const Tensor& x = branch.x;
    const ChannelNorms<T> norms(gathered(branch));
    const NormOfChannels<T> norm = norms;
    const int64_t pixels = x.dim(1) * x.dim(2), channels = x.dim(3);
    const T *in = x.data<T>(), *factors = weights.data<T>();
    T* out = y.data<T>();
    parallel_rows(x.dim(0) * pixels, channels, [=](int64_t begin, int64_t end) {
        for (int64_t pixel = begin; pixel < end; ++pixel) {
            const T *from = in + pixel * channels, *factor = factors + pixel / pixels * channels;
            T* to = out + pixel * channels;
#pragma omp simd
            for (int64_t c = 0; c < channels; ++c) to[c] = silu_of(norm(from[c], c)) * factor[c];
        }
    });
}

void forward(const Tensor& first, const std::vector<BatchNormBranch>& branches,
             const std::vector<Tensor>& weights, std::vector<Tensor>& y) {
    dispatch_floating(batch_norm_gate_forward.name(), first, [&](auto zero) {
        for (size_t i = 0; i < branches.size(); ++i)
            weight_channels<decltype(zero)>(branches[i], weights[i], y[i]);
    });
}

void backward(const Tensor& first, const std::vector<BatchNormBranch>& branches,
              const std::vector<Tensor>& grad_y, std::vector<Tensor>& grad_weights) {
    dispatch_floating(batch_norm_gate_backward.name(), first, [&](auto zero) {
        using T = decltype(zero);
        for (size_t i = 0; i < branches.size(); ++i) {
            if (!grad_weights[i].defined()) continue;
            const T* g = grad_y[i].data<T>();
            sum_gated_map<T>(branches[i].x, gathered(branches[i]), 1.0, grad_weights[i],
                             [g](T a, int64_t place) { return a * g[place]; });
        }
    });
}

const KernelEntry forward_entry{batch_norm_gate_forward, Backend::portable, &forward};
const KernelEntry backward_entry{batch_norm_gate_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
