// SPDX-License-Identifier: Apache-2.0
// Reductions over any dimensions, the gradient of max, and broadcasting.
#include "engine/ops/reduce.h"

#include "cuda/broadcast_map.cuh"
#include "cuda/sum_fold.cuh"

namespace unmask {
namespace {

template <class T>
struct MaxFold {
    T* y;

    using Element = T;
    using Value = float;
    using State = float;
    static constexpr float identity = Max::identity;
    __device__ float start(int64_t) const { return identity; }
    __device__ void add(float& state, T element, int64_t) const { state = join(state, to_float(element)); }
    __device__ float value(float state) const { return state; }
    static __device__ float join(float a, float b) { return Max{}(a, b); }
    __device__ void finish(int64_t output, float value) const { y[output] = from_float<T>(value); }
};

// The first element that equals the maximum gets the gradient; none where the maximum is not a number.
template <class T>
struct FirstMaximumFold {
    const T *grad_y, *largest;
    T* grad_x;

    using Element = T;
    using Value = int64_t;
    struct State {
        float largest;
        int64_t first;
    };
    static constexpr int64_t identity = INT64_MAX;
    __device__ State start(int64_t output) const { return {to_float(largest[output]), identity}; }
    __device__ void add(State& state, T element, int64_t offset) const {
        if (to_float(element) == state.largest) state.first = join(state.first, offset);
    }
    __device__ int64_t value(const State& state) const { return state.first; }
    static __device__ int64_t join(int64_t a, int64_t b) { return a < b ? a : b; }
    __device__ void finish(int64_t output, int64_t first) const {
        if (first != identity) grad_x[first] = grad_y[output];
    }
};

void forward(const Tensor& x, Tensor& y, ReduceOp op) {
    if (y.numel() == 0) return;
    const Folding folding(x.shape(), y.shape());
    dispatch_storage(reduce_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const auto scale = op == ReduceOp::mean ? 1.0 / static_cast<double>(folding.count) : 1.0;
        if (op == ReduceOp::max)
            launch_fold(y, folding, x.data<T>(), MaxFold<T>{y.data<T>()});
        else
            launch_fold(y, folding, x.data<T>(), SumFold<T, T>{y.data<T>(), static_cast<float>(scale)});
    });
}

void max_backward(const Tensor& grad_y, const Tensor& x, const Tensor& y, Tensor& grad_x) {
    if (x.numel() == 0) return;
    grad_x.fill_zero();
    dispatch_storage(reduce_max_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        launch_fold(y, Folding(x.shape(), y.shape()), x.data<T>(),
                    FirstMaximumFold<T>{grad_y.data<T>(), y.data<T>(), grad_x.data<T>()});
    });
}

void broadcast(const Tensor& x, Tensor& y, double scale) {
    dispatch_storage(broadcast_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        launch_broadcast_map(stream_of(x), y.shape(), Scale{static_cast<float>(scale)}, y.data<T>(),
                             BroadcastInput<T>{x.data<T>(), x.shape()});
    });
}

const KernelEntry forward_entry{reduce_forward, Backend::cuda, &forward};
const KernelEntry max_backward_entry{reduce_max_backward, Backend::cuda, &max_backward};
const KernelEntry broadcast_entry{broadcast_forward, Backend::cuda, &broadcast};

}  // namespace
}  // namespace unmask
