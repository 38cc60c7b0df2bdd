// SPDX-License-Identifier: Apache-2.0
// CUDA's warp matrix functions (nvcuda::wmma, products of 16 x 16 tiles by tensor cores) and its asynchronous
// copies to shared memory (__pipeline_memcpy_async), or under g++ the emulation of both. They need
// compute capability 8.0.
#pragma once

#include "cuda/device.cuh"

#if defined(__CUDACC__)
#include <cuda_pipeline_primitives.h>
#include <mma.h>
#else
#include <simt/mma.h>
#include <simt/pipeline.h>
#endif

namespace unmask {

constexpr int tensor_tile = 16;
using TileA = nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, tensor_tile, tensor_tile, tensor_tile,
                                     __nv_bfloat16, nvcuda::wmma::row_major>;
using TileB = nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, tensor_tile, tensor_tile, tensor_tile,
                                     __nv_bfloat16, nvcuda::wmma::col_major>;
using TileSums =
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, tensor_tile, tensor_tile, tensor_tile, float>;

// Shared memory that tiles are loaded from.
template <int count>
struct alignas(32) TileMemory {
    BFloat16 values[count];
};

// The tile whose first element is there, in shared memory aligned to 32 bytes; its rows (columns of a TileB)
// are `pitch` elements apart, a multiple of 8. nvcc's load_matrix_sync does not see that memory is shared,
// and loads bf16 word by word where one instruction does.
#if defined(__CUDACC__)
#define UNMASK_LOAD_TILE(matrix, layout)                                                  \
    unsigned words[4];                                                                    \
    static_assert(sizeof(tile.x) == sizeof(words));                                       \
    asm volatile("wmma.load." matrix ".sync.aligned." layout                              \
                 ".m16n16k16.shared.bf16 {%0, %1, %2, %3}, [%4], %5;"                     \
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])         \
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from))), "r"(pitch) \
                 : "memory");                                                             \
    __builtin_memcpy(tile.x, words, sizeof(words))
#else
#define UNMASK_LOAD_TILE(matrix, layout) \
    nvcuda::wmma::load_matrix_sync(tile, from, static_cast<unsigned>(pitch))
#endif
__device__ inline void load_tile(TileA& tile, const BFloat16* from, int pitch) {
    UNMASK_LOAD_TILE("a", "row");
}
__device__ inline void load_tile(TileB& tile, const BFloat16* from, int pitch) {
    UNMASK_LOAD_TILE("b", "col");
}
#undef UNMASK_LOAD_TILE

__device__ inline void clear_tile(TileSums& tile) {
    nvcuda::wmma::fill_fragment(tile, 0.0f);
}
// sums += a * b
__device__ inline void multiply_tiles(TileSums& sums, const TileA& a, const TileB& b) {
    nvcuda::wmma::mma_sync(sums, a, b, sums);
}
// To memory aligned to 32 bytes, rows `pitch` elements apart, a multiple of 4.
__device__ inline void store_tile(float* to, const TileSums& tile, int pitch) {
    nvcuda::wmma::store_matrix_sync(to, tile, static_cast<unsigned>(pitch), nvcuda::wmma::mem_row_major);
}

// Starts copying 16 bytes to shared memory, or zeros where not `inside`; `from` is an address of 16 bytes'
// alignment then too. nvcc's function has a branch for each number of zeros, and does not ask the L2 cache
// for the rest of the line, which the next steps want.
__device__ inline void copy_async(BFloat16* to, const BFloat16* from, bool inside) {
#if defined(__CUDACC__)
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;"
                 :
                 : "r"(static_cast<unsigned>(__cvta_generic_to_shared(to))),
                   "l"(__cvta_generic_to_global(from)), "r"(inside ? 16 : 0)
                 : "memory");
#else
    __pipeline_memcpy_async(to, from, 16, inside ? 0 : 16);
#endif
}
// Makes a batch of this thread's copies since the last one; and waits for all of its batches but the last
// `pending`, which other threads see behind a barrier.
__device__ inline void commit_copies() {
    __pipeline_commit();
}
__device__ inline void wait_for_copies(int pending) {
    __pipeline_wait_prior(static_cast<size_t>(pending));
}

}  // namespace unmask
