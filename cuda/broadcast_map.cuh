// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels with NumPy broadcasting. Neighbouring dimensions that every operand walks alike are
// merged, so that equal shapes and scalars have one dimension left, a row vector against NHWC maps two, a
// gate [N, 1, 1, C] three.
#pragma once

#include <tuple>

#include "cuda/index.cuh"

namespace unmask {

struct Scale {
    float factor;
    __device__ float operator()(float x) const { return factor * x; }
};

template <class T>
struct BroadcastInput {
    const T* data;
    Shape shape;
};

// Merged dimensions of the result, innermost first.
struct BroadcastSizes {
    int rank = 0;
    int64_t sizes[Shape::max_rank] = {};
};
// An operand's strides in them; the innermost is 0 or 1.
template <class T>
struct BroadcastOperand {
    const T* data;
    int64_t strides[Shape::max_rank] = {};
};

namespace detail {

template <int N, int rank, class T>
__device__ Pack<float, N> load_broadcast(const BroadcastOperand<T>& in, const int64_t (&places)[rank]) {
    int64_t offset = 0;
#pragma unroll
    for (int d = 0; d < rank; ++d) offset += places[d] * in.strides[d];
    Pack<float, N> result;
    if (N == 1 || in.strides[0] != 0) {
        const Pack<T, N> pack = load_pack<N>(in.data + offset);
#pragma unroll
        for (int i = 0; i < N; ++i) result[i] = to_float(pack[i]);
    } else {
        const float value = to_float(in.data[offset]);
#pragma unroll
        for (int i = 0; i < N; ++i) result[i] = value;
    }
    return result;
}

// `rank` is at least the number of merged dimensions; packs lie within the innermost, but for the last one of
// a single dimension.
template <int N, int rank, class Function, class Out, class... In>
__global__ void broadcast_map_kernel(int64_t count, BroadcastSizes dimensions, Function function, Out* out,
                                     BroadcastOperand<In>... in) {
    const int64_t first = global_thread() * N;
    if (first >= count) return;
    if constexpr (rank == 1 && N > 1) {
        if (first + N > count) {
            for (int64_t i = first; i < count; ++i)
                out[i] = from_float<Out>(function(to_float(in.data[i * in.strides[0]])...));
            return;
        }
    }
    int64_t places[rank] = {}, rest = first;
#pragma unroll
    for (int d = 0; d < rank; ++d) {
        if (d + 1 >= dimensions.rank || d + 1 == rank) {
            places[d] = rest;
            rest = 0;
        } else {
            const int64_t next = quotient(rest, dimensions.sizes[d]);
            places[d] = rest - next * dimensions.sizes[d];
            rest = next;
        }
    }
    Pack<Out, N> result;
    [&](const auto&... packs) {
#pragma unroll
        for (int i = 0; i < N; ++i) result[i] = from_float<Out>(function(packs[i]...));
    }(load_broadcast<N, rank>(in, places)...);
    store_pack<N>(out + first, result);
}

}  // namespace detail

// out[i] = function(inputs at i…) in float32, the inputs broadcast to the shape of the result; out may be an
// input of that shape.
template <class Function, class Out, class... In>
void launch_broadcast_map(Stream stream, const Shape& shape, Function function, Out* out,
                          BroadcastInput<In>... inputs) {
    const int64_t count = shape.numel();
    if (count == 0) return;
    constexpr int operands = sizeof...(In);
    const Shape shapes[] = {inputs.shape...};
    BroadcastSizes dimensions;
    int64_t strides[operands][Shape::max_rank] = {}, next[operands];
    std::fill_n(next, operands, 1);
    for (int i = 1; i <= shape.rank(); ++i) {
        const int last = dimensions.rank - 1;
        int64_t own[operands];
        bool alike = last >= 0;
        for (int k = 0; k < operands; ++k) {
            const int64_t size = i <= shapes[k].rank() ? shapes[k][-i] : 1;
            own[k] = size == 1 ? 0 : next[k];
            next[k] *= size;
            alike = alike && own[k] == strides[k][last] * dimensions.sizes[last];
        }
        if (shape[-i] == 1) continue;
        if (alike) {
            dimensions.sizes[last] *= shape[-i];
            continue;
        }
        for (int k = 0; k < operands; ++k) strides[k][dimensions.rank] = own[k];
        dimensions.sizes[dimensions.rank++] = shape[-i];
    }
    constexpr int pack = pack_of<Out, In...>;
    bool packed =
        is_aligned(out, pack * sizeof(Out)) && (dimensions.rank <= 1 || dimensions.sizes[0] % pack == 0);
    int operand = 0;
    const auto strided = [&](const auto& input) {
        using T = std::remove_cvref_t<decltype(*input.data)>;
        BroadcastOperand<T> result{input.data};
        std::copy_n(strides[operand], Shape::max_rank, result.strides);
        packed = packed && (strides[operand][0] == 0 || is_aligned(input.data, pack * sizeof(T)));
        ++operand;
        return result;
    };
    const std::tuple<BroadcastOperand<In>...> in{strided(inputs)...};
    const auto launch = [&](auto pack_size, auto rank) {
        constexpr int N = pack_size(), most = rank();
        std::apply(
            [&](const auto&... operand_in) {
                UNMASK_LAUNCH((detail::broadcast_map_kernel<N, most, Function, Out, In...>),
                              blocks_for(count, int64_t{block_threads} * N), block_threads, 0, stream, count,
                              dimensions, function, out, operand_in...);
            },
            in);
    };
    const std::integral_constant<int, pack> wide;
    if (!packed)
        return launch(std::integral_constant<int, 1>{}, std::integral_constant<int, Shape::max_rank>{});
    if (dimensions.rank <= 1) return launch(wide, std::integral_constant<int, 1>{});
    if (dimensions.rank == 2) return launch(wide, std::integral_constant<int, 2>{});
    if (dimensions.rank == 3) return launch(wide, std::integral_constant<int, 3>{});
    launch(wide, std::integral_constant<int, Shape::max_rank>{});
}

}  // namespace unmask
