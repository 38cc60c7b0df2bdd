// SPDX-License-Identifier: Apache-2.0
// Folds of a tensor over some of its dimensions, in an order that depends on the shapes alone: threads fold
// what they read, then trees join their values; few outputs with much to fold are cut into parts whose
// partial values a second launch joins.
//
// A fold (the kind of reduction) has
//     using Element, State, Value;                what is read, a thread's progress, what is joined
//     State start(int64_t output);
//     void add(State&, Element, int64_t offset);  the element's place in x; places come in rising order
//     Value value(const State&);
//     static constexpr Value identity;
//     static Value join(Value, Value);
//     void finish(int64_t output, Value);         takes the result
#pragma once

#include "cuda/folding.cuh"

namespace unmask {

// Joins the partial values of another fold.
template <class Fold>
struct JoinFold {
    Fold fold;
    using Element = typename Fold::Value;
    using Value = typename Fold::Value;
    using State = Value;
    __device__ State start(int64_t) const { return Fold::identity; }
    __device__ void add(State& state, Value value, int64_t) const { state = Fold::join(state, value); }
    __device__ Value value(State state) const { return state; }
    static __device__ Value join(Value a, Value b) { return Fold::join(a, b); }
    __device__ void finish(int64_t output, Value value) const { fold.finish(output, value); }
};

namespace detail {

template <class Fold>
inline constexpr bool joins_partials = false;
template <class Fold>
inline constexpr bool joins_partials<JoinFold<Fold>> = true;

// Adds the packs at place_of(first), place_of(first + step), … below end, four loads under way at a time.
template <int N, class Fold, class PlaceOf>
__device__ void walk(const typename Fold::Element* x, typename Fold::State (&states)[N], const Fold& fold,
                     int64_t first, int64_t end, int64_t step, PlaceOf place_of) {
    const auto take = [&](auto count, int64_t index) {
        constexpr int n = count();
        Pack<typename Fold::Element, N> elements[n];
        int64_t places[n];
#pragma unroll
        for (int k = 0; k < n; ++k) places[k] = place_of(index + k * step);
#pragma unroll
        for (int k = 0; k < n; ++k) elements[k] = load_pack<N>(x + places[k]);
#pragma unroll
        for (int k = 0; k < n; ++k)
#pragma unroll
            for (int i = 0; i < N; ++i) fold.add(states[i], elements[k][i], places[k] + i);
    };
    int64_t index = first;
#pragma unroll 1
    for (; index + 3 * step < end; index += 4 * step) take(std::integral_constant<int, 4>{}, index);
#pragma unroll 1
    for (; index < end; index += step) take(std::integral_constant<int, 1>{}, index);
}

// What a thread folds of one output whose innermost dimensions are reduced: packs first, first + step, …
// below end.
template <int N, class Fold>
__device__ typename Fold::Value fold_packs(const Folding& folding, const Fold& fold,
                                           const typename Fold::Element* x, int64_t output, int64_t first,
                                           int64_t end, int64_t step) {
    const int64_t base = folding.kept.offset(output);
    typename Fold::State states[N];
#pragma unroll
    for (int i = 0; i < N; ++i) states[i] = fold.start(output);
    walk<N>(x, states, fold, first, end, step,
            [&](int64_t pack) { return base + folding.reduced.offset(pack * N); });
    typename Fold::Value result = fold.value(states[0]);
#pragma unroll
    for (int i = 1; i < N; ++i) result = Fold::join(result, fold.value(states[i]));
    return result;
}

// Innermost dimensions reduced, `group` (a power of two up to 32) threads for each output.
template <int N, class Fold>
__global__ void fold_by_warps_kernel(Folding folding, int group, const typename Fold::Element* x, Fold fold) {
    const int64_t output = quotient(global_thread(), group);
    const int lane = static_cast<int>(threadIdx.x) % group;
    const bool inside = output < folding.outputs;
    auto value =
        fold_packs<N>(folding, fold, x, inside ? output : 0, lane, inside ? folding.count / N : 0, group);
    for (int offset = group / 2; offset > 0; offset /= 2)
        value = Fold::join(value, __shfl_xor_sync(whole_warp, value, offset));
    if (inside && lane == 0) fold.finish(output, value);
}

// Innermost dimensions reduced, a block for each part of an output. partials[output · parts + part], null
// where there is one part.
template <int N, class Fold>
__global__ void fold_by_blocks_kernel(Folding folding, int64_t parts, int64_t part_packs,
                                      const typename Fold::Element* x, Fold fold,
                                      typename Fold::Value* partials) {
    using Value = typename Fold::Value;
    UNMASK_SHARED(Value, shared, block_threads / 32);
    const int64_t output = quotient(blockIdx.x, parts), part = blockIdx.x - output * parts;
    const int64_t packs = folding.count / N, begin = part * part_packs;
    const int64_t end = begin + part_packs < packs ? begin + part_packs : packs;
    Value value = fold_packs<N>(folding, fold, x, output, begin + threadIdx.x, end, block_threads);
    for (int offset = 16; offset > 0; offset /= 2)
        value = Fold::join(value, __shfl_xor_sync(whole_warp, value, offset));
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = value;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int warp = 1; warp < block_threads / 32; ++warp) value = Fold::join(value, shared[warp]);
    if (partials != nullptr)
        partials[blockIdx.x] = value;
    else
        fold.finish(output, value);
}

// Innermost dimensions kept: a block folds `lanes` neighbouring packs of outputs, 256 / lanes rows at a
// time. partials[part · outputs + output], null where there is one part.
template <int N, class Fold>
__global__ void fold_rows_kernel(Folding folding, int64_t tiles, int lanes, int64_t part_rows,
                                 const typename Fold::Element* x, Fold fold, typename Fold::Value* partials) {
    using Value = typename Fold::Value;
    UNMASK_SHARED(Value, shared, block_threads * N);
    const int lane = static_cast<int>(threadIdx.x) % lanes, row = static_cast<int>(threadIdx.x) / lanes;
    const int rows = block_threads / lanes;
    const int64_t unit = quotient(blockIdx.x, tiles);
    const int64_t column = ((blockIdx.x - unit * tiles) * lanes + lane) * N;
    const bool inside = row < rows && column < folding.inner;
    const int64_t output = unit * folding.inner + column;
    const int64_t begin = blockIdx.y * part_rows;
    const int64_t end = begin + part_rows < folding.count ? begin + part_rows : folding.count;
    if (inside) {
        const int64_t base = folding.kept.offset(unit) + column;
        typename Fold::State states[N];
#pragma unroll
        for (int i = 0; i < N; ++i) states[i] = fold.start(output + i);
        walk<N>(x, states, fold, begin + row, end, rows,
                [&](int64_t r) { return base + folding.reduced.offset(r); });
#pragma unroll
        for (int i = 0; i < N; ++i) shared[i * block_threads + threadIdx.x] = fold.value(states[i]);
    }
    for (int active = rows, half; active > 1; active = half) {
        half = (active + 1) / 2;
        __syncthreads();
        if (!inside || row + half >= active) continue;
#pragma unroll
        for (int i = 0; i < N; ++i) {
            Value& own = shared[i * block_threads + threadIdx.x];
            own = Fold::join(own, shared[i * block_threads + threadIdx.x + half * lanes]);
        }
    }
    if (!inside || row != 0) return;
#pragma unroll
    for (int i = 0; i < N; ++i) {
        const Value value = shared[i * block_threads + threadIdx.x];
        if (partials != nullptr)
            partials[blockIdx.y * folding.outputs + output + i] = value;
        else
            fold.finish(output + i, value);
    }
}

}  // namespace detail

// Folds x; fold.finish gets every output once. Scratch memory, if any, is allocated where `y` lives.
template <class Fold>
void launch_fold(const Tensor& y, const Folding& folding, const typename Fold::Element* x, const Fold& fold) {
    using Value = typename Fold::Value;
    constexpr bool joins = detail::joins_partials<Fold>;
    if (folding.outputs == 0) return;
    const Stream stream = stream_of(y);
    Tensor scratch;
    const auto partials_of = [&](int64_t parts) -> Value* {
        if (parts == 1) return nullptr;
        scratch = Tensor::empty({parts * folding.outputs}, sizeof(Value) == 8 ? DType::i64 : DType::f32,
                                y.device());
        return static_cast<Value*>(scratch.raw());
    };
    const auto join = [&](const Value* partials, const Folding& joining) {
        if constexpr (!joins) launch_fold(y, joining, partials, JoinFold<Fold>{fold});
    };
    constexpr int pack = joins ? 1 : pack_of<typename Fold::Element>;
    dispatch_pack<pack>(can_pack<pack>(folding.inner, x), [&](auto pack_size) {
        constexpr int N = pack_size();
        const int64_t packs = (folding.inner_reduced ? folding.count : folding.inner) / N;
        if (!folding.inner_reduced) {
            const int64_t units = folding.outputs / folding.inner;
            constexpr int64_t most_lanes = joins ? 8 : 32;
            const int64_t strips = (packs + most_lanes - 1) / most_lanes;
            int lanes = static_cast<int>((packs + strips - 1) / strips);
            while (2 * lanes <= block_threads && lanes < packs && block_threads / lanes > folding.count)
                lanes *= 2;
            const int64_t rows = block_threads / lanes, tiles = blocks_for(packs, lanes);
            const int64_t most = joins ? 1 : std::max<int64_t>(folding.count / (8 * rows), 1);
            const int64_t wanted = std::clamp<int64_t>(many_blocks / (tiles * units), 1, most);
            const int64_t part_rows = (folding.count + wanted - 1) / wanted;
            const int64_t parts = folding.count == 0 ? 1 : (folding.count + part_rows - 1) / part_rows;
            Value* partials = partials_of(parts);
            UNMASK_LAUNCH((detail::fold_rows_kernel<N, Fold>),
                          dim3(blocks_for(tiles * units, 1), static_cast<unsigned>(parts)), block_threads, 0,
                          stream, folding, tiles, lanes, part_rows, x, fold, partials);
            if (partials == nullptr) return;
            Folding joining;
            joining.inner = joining.outputs = folding.outputs;
            joining.count = parts;
            joining.reduced = {1, {parts, 1, 1}, {folding.outputs, 0, 0}};
            return join(partials, joining);
        }
        if (packs <= 512 || folding.outputs >= 2048) {
            const int group = power_of_two(packs, 32);
            UNMASK_LAUNCH((detail::fold_by_warps_kernel<N, Fold>),
                          blocks_for(folding.outputs, block_threads / group), block_threads, 0, stream,
                          folding, group, x, fold);
            return;
        }
        const int64_t most = joins ? 1 : blocks_for(packs, 4 * block_threads);
        const int64_t wanted = std::clamp<int64_t>(many_blocks / folding.outputs, 1, most);
        const int64_t part_packs = (packs + wanted - 1) / wanted;
        const int64_t parts = (packs + part_packs - 1) / part_packs;
        Value* partials = partials_of(parts);
        UNMASK_LAUNCH((detail::fold_by_blocks_kernel<N, Fold>), blocks_for(folding.outputs * parts, 1),
                      block_threads, 0, stream, folding, parts, part_packs, x, fold, partials);
        if (partials == nullptr) return;
        Folding joining;
        joining.inner_reduced = true;
        joining.inner = joining.count = parts;
        joining.outputs = folding.outputs;
        joining.kept = {1, {folding.outputs, 1, 1}, {parts, 0, 0}};
        joining.reduced = {1, {parts, 1, 1}, {1, 0, 0}};
        join(partials, joining);
    });
}

}  // namespace unmask
