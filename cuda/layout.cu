// SPDX-License-Identifier: Apache-2.0
// Copies between pitched runs, and permuted dimensions. Elements are moved by their size, several in one
// access where sizes and addresses allow it.
#include "engine/ops/layout.h"

#include <numeric>

#include "cuda/index.cuh"

namespace unmask {
namespace {

// A copy in units: up to six dimensions of the target, innermost first, and the source's strides in them.
struct Gather {
    int rank = 0;
    int64_t sizes[Shape::max_rank] = {}, strides[Shape::max_rank] = {};
};

// to[i] = from[the place of i], in units of N words.
template <int N, class Word>
__global__ void gather_kernel(int64_t units, Gather gather, const Word* from, Word* to) {
    const int64_t unit = global_thread();
    if (unit >= units) return;
    int64_t rest = unit, offset = 0;
#pragma unroll
    for (int d = 0; d < Shape::max_rank; ++d) {
        if (d >= gather.rank) break;
        const int64_t next = d + 1 < gather.rank ? quotient(rest, gather.sizes[d]) : 0;
        offset += (rest - next * gather.sizes[d]) * gather.strides[d];
        rest = next;
    }
    store_pack<N>(to + unit * N, load_pack<N>(from + offset * N));
}

// Runs of `run` units; pitches in units too.
template <int N, class Word>
__global__ void copy_kernel(int64_t units, int64_t run, int64_t source_pitch, int64_t target_pitch,
                            const Word* from, Word* to) {
    const int64_t unit = global_thread();
    if (unit >= units) return;
    const int64_t row = run == units ? 0 : quotient(unit, run), place = unit - row * run;
    store_pack<N>(to + (row * target_pitch + place) * N,
                  load_pack<N>(from + (row * source_pitch + place) * N));
}

// The largest access, in bytes, that divides every one of the sizes and addresses; at most 16.
int64_t access_bytes(std::initializer_list<int64_t> sizes, const void* from, const void* to) {
    int64_t result = 16;
    for (const int64_t size : sizes) result = std::gcd(result, size);
    result = std::gcd(result, static_cast<int64_t>(reinterpret_cast<uintptr_t>(from) % 16));
    return std::gcd(result, static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % 16));
}

// Calls function(words of an access, word{}).
template <class Function>
void dispatch_access(int64_t bytes, Function&& function) {
    switch (bytes) {
        case 16:
            return function(std::integral_constant<int, 4>{}, uint32_t{});
        case 8:
            return function(std::integral_constant<int, 2>{}, uint32_t{});
        case 4:
            return function(std::integral_constant<int, 1>{}, uint32_t{});
        case 2:
            return function(std::integral_constant<int, 1>{}, uint16_t{});
        default:
            return function(std::integral_constant<int, 1>{}, uint8_t{});
    }
}

void copy_runs(const Tensor& source, Tensor& target, const PitchedCopy& copy) {
    if (copy.rows == 0 || copy.run == 0) return;
    const auto size = static_cast<int64_t>(size_of(source.dtype()));
    const auto* from = static_cast<const std::byte*>(source.raw()) + copy.source_offset * size;
    auto* to = static_cast<std::byte*>(target.raw()) + copy.target_offset * size;
    int64_t rows = copy.rows, run = copy.run * size;
    int64_t source_pitch = copy.source_pitch * size, target_pitch = copy.target_pitch * size;
    if (rows == 1 || (source_pitch == run && target_pitch == run)) {
        run *= rows;
        rows = 1;
        source_pitch = target_pitch = 0;
    }
    const int64_t bytes = access_bytes({run, source_pitch, target_pitch}, from, to);
    dispatch_access(bytes, [&](auto words, auto word) {
        using Word = decltype(word);
        const int64_t units = rows * run / bytes;
        UNMASK_LAUNCH((copy_kernel<words(), Word>), blocks_for(units, block_threads), block_threads, 0,
                      stream_of(source), units, run / bytes, source_pitch / bytes, target_pitch / bytes,
                      reinterpret_cast<const Word*>(from), reinterpret_cast<Word*>(to));
    });
}

constexpr int tile = 32, tile_rows = 8;

// A batch of matrix transposes: to[row · row_pitch + column] = from[row + column · column_pitch], rows ×
// columns each; the batch's dimensions, innermost first, have strides in both.
struct Transpose {
    int64_t rows, columns, row_pitch, column_pitch, row_tiles, column_tiles;
    int batch_rank = 0;
    int64_t sizes[4] = {}, source_strides[4] = {}, target_strides[4] = {};
};

// Block (32, 8): reads and writes lines of 32 elements, which change their direction in shared memory.
template <class Word>
__global__ void transpose_kernel(Transpose t, const Word* from, Word* to) {
    UNMASK_SHARED(Word, shared, tile * (tile + 1));
    int64_t rest = quotient(blockIdx.x, t.row_tiles);
    const int64_t row_begin = (blockIdx.x - rest * t.row_tiles) * tile;
    const int64_t matrix = quotient(rest, t.column_tiles);
    const int64_t column_begin = (rest - matrix * t.column_tiles) * tile;
    rest = matrix;
#pragma unroll
    for (int d = 0; d < 4; ++d) {
        if (d >= t.batch_rank) break;
        const int64_t next = d + 1 < t.batch_rank ? quotient(rest, t.sizes[d]) : 0;
        from += (rest - next * t.sizes[d]) * t.source_strides[d];
        to += (rest - next * t.sizes[d]) * t.target_strides[d];
        rest = next;
    }
    const int x = static_cast<int>(threadIdx.x);
#pragma unroll
    for (int y = static_cast<int>(threadIdx.y); y < tile; y += tile_rows)
        if (row_begin + x < t.rows && column_begin + y < t.columns)
            shared[y * (tile + 1) + x] = from[row_begin + x + (column_begin + y) * t.column_pitch];
    __syncthreads();
#pragma unroll
    for (int y = static_cast<int>(threadIdx.y); y < tile; y += tile_rows)
        if (row_begin + y < t.rows && column_begin + x < t.columns)
            to[(row_begin + y) * t.row_pitch + column_begin + x] = shared[x * (tile + 1) + y];
}

// The dimensions of the result with the source's strides, innermost first; dimensions that stay neighbours
// are merged.
Gather merged_dimensions(const Shape& source, const std::vector<int>& order) {
    Gather result;
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
        const int64_t size = source[*axis];
        if (size == 1) continue;
        int64_t stride = 1;
        for (int i = *axis + 1; i < source.rank(); ++i) stride *= source[i];
        const int last = result.rank - 1;
        if (last >= 0 && stride == result.sizes[last] * result.strides[last]) {
            result.sizes[last] *= size;
        } else {
            result.sizes[result.rank] = size;
            result.strides[result.rank++] = stride;
        }
    }
    if (result.rank == 0) result = {1, {1}, {1}};
    return result;
}

// The transposes between the result's innermost dimension and its dimension `inner`, which is innermost in
// the source.
Transpose transposes(const Gather& gather, int inner) {
    Transpose result{};
    result.columns = gather.sizes[0];
    result.column_pitch = gather.strides[0];
    result.rows = gather.sizes[inner];
    int64_t target_stride = 1;
    for (int d = 0; d < gather.rank; target_stride *= gather.sizes[d++]) {
        if (d == inner) result.row_pitch = target_stride;
        if (d == 0 || d == inner) continue;
        result.sizes[result.batch_rank] = gather.sizes[d];
        result.source_strides[result.batch_rank] = gather.strides[d];
        result.target_strides[result.batch_rank++] = target_stride;
    }
    result.row_tiles = blocks_for(result.rows, tile);
    result.column_tiles = blocks_for(result.columns, tile);
    return result;
}

// Calls function(word{}) with the word of an element.
template <class Function>
void dispatch_element(int64_t size, Function&& function) {
    switch (size) {
        case 1:
            return function(uint8_t{});
        case 2:
            return function(uint16_t{});
        case 4:
            return function(uint32_t{});
        default:
            return function(uint64_t{});
    }
}

void permute_dimensions(const Tensor& x, Tensor& y, const std::vector<int>& order) {
    if (x.numel() == 0) return;
    Gather gather = merged_dimensions(x.shape(), order);
    const auto size = static_cast<int64_t>(size_of(x.dtype()));
    const Stream stream = stream_of(x);
    constexpr int64_t narrow = 8;  // tiles would be mostly empty below
    const int inner =
        static_cast<int>(std::find(gather.strides, gather.strides + gather.rank, 1) - gather.strides);
    if (inner != 0 && std::min(gather.sizes[0], gather.sizes[inner]) >= narrow)
        return dispatch_element(size, [&](auto word) {
            using Word = decltype(word);
            const Transpose t = transposes(gather, inner);
            const int64_t matrices = x.numel() / (t.rows * t.columns);
            UNMASK_LAUNCH((transpose_kernel<Word>), blocks_for(matrices * t.row_tiles * t.column_tiles, 1),
                          dim3(tile, tile_rows), 0, stream, t, static_cast<const Word*>(x.raw()),
                          static_cast<Word*>(y.raw()));
        });
    // Runs of the source are moved in units of several elements.
    int64_t unit = size;
    if (inner == 0) unit = std::max(size, access_bytes({gather.sizes[0] * size}, x.raw(), y.raw()));
    const int64_t elements = unit / size;
    gather.sizes[0] /= elements;
    for (int d = 1; d < gather.rank; ++d) gather.strides[d] /= elements;
    dispatch_access(unit, [&](auto words, auto word) {
        using Word = decltype(word);
        const int64_t units = x.numel() / elements;
        UNMASK_LAUNCH((gather_kernel<words(), Word>), blocks_for(units, block_threads), block_threads, 0,
                      stream, units, gather, static_cast<const Word*>(x.raw()), static_cast<Word*>(y.raw()));
    });
}

const KernelEntry copy_entry{copy_pitched, Backend::cuda, &copy_runs};
const KernelEntry permute_entry{permute_forward, Backend::cuda, &permute_dimensions};

}  // namespace
}  // namespace unmask
