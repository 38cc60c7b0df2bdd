// SPDX-License-Identifier: Apache-2.0
// Softmax and log-softmax over the last dimension: up to a warp for each short row, a block for each long
// one.
#include "engine/ops/softmax.h"

#include "cuda/index.cuh"

namespace unmask {
namespace {

// The threads that share a row: a power of two of neighbouring lanes, which all take part.
struct WarpTeam {
    int size;
    __device__ int64_t row() const { return quotient(global_thread(), size); }
    __device__ int lane() const { return static_cast<int>(threadIdx.x) % size; }
    template <class Op>
    __device__ float reduce(float value, Op op) const {
        for (int offset = size / 2; offset > 0; offset /= 2)
            value = op(value, __shfl_xor_sync(whole_warp, value, offset));
        return value;
    }
};
struct BlockTeam {
    static constexpr int size = block_threads;
    __device__ int64_t row() const { return blockIdx.x; }
    __device__ int lane() const { return static_cast<int>(threadIdx.x); }
    template <class Op>
    __device__ float reduce(float value, Op op) const {
        return block_reduce<block_threads>(value, op);
    }
};

// The fold by `op` of term(x[i]…) over the row.
template <int N, class Team, class Op, class Term, class... T>
__device__ float row_reduce(const Team& team, int64_t columns, Op op, Term term, const T*... rows) {
    float result = Op::identity;
    for (int64_t i = int64_t{team.lane()} * N; i < columns; i += int64_t{team.size} * N)
        [&](const auto&... packs) {
#pragma unroll
            for (int k = 0; k < N; ++k) result = op(result, term(to_float(packs[k])...));
        }(load_pack<N>(rows + i)...);
    return team.reduce(result, op);
}

// y[i] = function(x[i]…) over the row.
template <int N, class Team, class Function, class T, class... In>
__device__ void row_map(const Team& team, int64_t columns, Function function, T* y, const In*... rows) {
    for (int64_t i = int64_t{team.lane()} * N; i < columns; i += int64_t{team.size} * N)
        [&](const auto&... packs) {
            Pack<T, N> result;
#pragma unroll
            for (int k = 0; k < N; ++k) result[k] = from_float<T>(function(to_float(packs[k])...));
            store_pack<N>(y + i, result);
        }(load_pack<N>(rows + i)...);
}

// Lanes of a last, missing row work on an empty one.
template <int N, class Team, class T>
__global__ void softmax_kernel(Team team, int64_t rows, int64_t columns, const T* x, T* y, bool logarithm) {
    const int64_t row = team.row();
    if (row >= rows) columns = 0;
    x += row * columns;
    y += row * columns;
    const float largest = row_reduce<N>(
        team, columns, Max{}, [](float v) { return v; }, x);
    const float sum = row_reduce<N>(
        team, columns, Sum{}, [=](float v) { return expf(v - largest); }, x);
    if (logarithm) {
        const float log_sum = logf(sum);
        row_map<N>(
            team, columns, [=](float v) { return (v - largest) - log_sum; }, y, x);
    } else {
        const float scale = 1.0f / sum;
        row_map<N>(
            team, columns, [=](float v) { return expf(v - largest) * scale; }, y, x);
    }
}

// softmax: y·(g - Σ g·y); log-softmax: g - e^y · Σ g.
template <int N, class Team, class T>
__global__ void softmax_backward_kernel(Team team, int64_t rows, int64_t columns, const T* grad_y, const T* y,
                                        T* grad_x, bool logarithm) {
    const int64_t row = team.row();
    if (row >= rows) columns = 0;
    grad_y += row * columns;
    y += row * columns;
    grad_x += row * columns;
    if (logarithm) {
        const float sum = row_reduce<N>(
            team, columns, Sum{}, [](float g) { return g; }, grad_y);
        row_map<N>(
            team, columns, [=](float g, float v) { return g - expf(v) * sum; }, grad_x, grad_y, y);
    } else {
        const float sum = row_reduce<N>(
            team, columns, Sum{}, [](float g, float v) { return g * v; }, grad_y, y);
        row_map<N>(
            team, columns, [=](float g, float v) { return v * (g - sum); }, grad_x, grad_y, y);
    }
}

int64_t row_length(const Tensor& x) {
    return x.rank() == 0 ? 1 : x.dim(-1);
}

// Calls run(pack size, team, blocks) for rows that lie at the pointers.
template <class T, class Run, class... Pointers>
void choose_team(int64_t rows, int64_t columns, Run run, const Pointers*... pointers) {
    dispatch_pack<pack_of<T>>(can_pack<pack_of<T>>(columns, pointers...), [&](auto pack) {
        const int64_t packs = columns / pack();
        const WarpTeam team{power_of_two(packs, 32)};
        if (packs <= 512)
            run(pack, team, blocks_for(rows, block_threads / team.size));
        else
            run(pack, BlockTeam{}, blocks_for(rows, 1));
    });
}

void forward(const Tensor& x, Tensor& y, bool logarithm) {
    if (x.numel() == 0) return;
    const int64_t columns = row_length(x), rows = x.numel() / columns;
    dispatch_storage(softmax_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        choose_team<T>(
            rows, columns,
            [&](auto pack, auto team, unsigned blocks) {
                UNMASK_LAUNCH((softmax_kernel<pack(), decltype(team), T>), blocks, block_threads, 0,
                              stream_of(x), team, rows, columns, in, out, logarithm);
            },
            in, out);
    });
}

void backward(const Tensor& grad_y, const Tensor& y, Tensor& grad_x, bool logarithm) {
    if (y.numel() == 0) return;
    const int64_t columns = row_length(y), rows = y.numel() / columns;
    dispatch_storage(softmax_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        const T *gradient = grad_y.data<T>(), *result = y.data<T>();
        T* out = grad_x.data<T>();
        choose_team<T>(
            rows, columns,
            [&](auto pack, auto team, unsigned blocks) {
                UNMASK_LAUNCH((softmax_backward_kernel<pack(), decltype(team), T>), blocks, block_threads, 0,
                              stream_of(y), team, rows, columns, gradient, result, out, logarithm);
            },
            gradient, result, out);
    });
}

const KernelEntry forward_entry{softmax_forward, Backend::cuda, &forward};
const KernelEntry backward_entry{softmax_backward, Backend::cuda, &backward};

}  // namespace
}  // namespace unmask
