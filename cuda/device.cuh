// SPDX-License-Identifier: Apache-2.0
// What every .cu file stands on: CUDA's device vocabulary, or under g++ the emulation of it, the launch
// macro, shared memory, vector accesses, conversions and reductions. Kernels keep to plain SIMT, with the
// collectives of one warp or block; what they need of tensor cores is in tensor_cores.cuh.
#pragma once

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#else
#include <simt/simt.h>
#endif

#include <algorithm>
#include <cstdint>

#include "cuda/stream.h"
#include "engine/dtype.h"
#include "engine/error.h"

namespace unmask {

#if defined(__CUDACC__)

// Error names the kernel and its grid when the last launch was refused.
void check_launch(const char* kernel, dim3 grid, dim3 block);

// UNMASK_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments…): enqueues the kernel. A template's
// instance goes in parentheses. The grid may not be empty.
#define UNMASK_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)             \
    do {                                                                          \
        const dim3 unmask_grid = (grid), unmask_block = (block);                  \
        kernel<<<unmask_grid, unmask_block, shared_bytes, stream>>>(__VA_ARGS__); \
        ::unmask::check_launch(#kernel, unmask_grid, unmask_block);               \
    } while (false)

// An array of `count` elements (a constant) that the threads of a block share; uninitialised.
#define UNMASK_SHARED(type, name, count) __shared__ type name[count]
// The shared memory whose size the launch gives; at most one a kernel.
#define UNMASK_DYNAMIC_SHARED(type, name)                                  \
    extern __shared__ __align__(16) unsigned char unmask_dynamic_shared[]; \
    type* name = reinterpret_cast<type*>(unmask_dynamic_shared)

#else

#define UNMASK_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                        \
    do {                                                                                                     \
        static_cast<void>(stream);                                                                           \
        ::simt::launch(#kernel, grid, block, shared_bytes, ::simt::bind(kernel __VA_OPT__(, ) __VA_ARGS__)); \
    } while (false)
#define UNMASK_SHARED(type, name, count) type* const name = UNMASK_SIMT_SHARED(type, count)
#define UNMASK_DYNAMIC_SHARED(type, name) type* const name = UNMASK_SIMT_DYNAMIC_SHARED(type)

#endif

// ---- conversions: arithmetic is in float32, whatever the storage ----

__device__ inline float to_float(float value) {
    return value;
}
__device__ inline float to_float(BFloat16 value) {
    return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
}

template <class T>
__device__ T from_float(float value);
template <>
__device__ inline float from_float<float>(float value) {
    return value;
}
template <>
__device__ inline BFloat16 from_float<BFloat16>(float value) {
#if defined(__CUDACC__)
    BFloat16 result;
    result.bits = __bfloat16_as_ushort(__float2bfloat16_rn(value));
    return result;
#else
    return BFloat16(value);
#endif
}

// ---- the hardware's own functions, within 2 ulp ----

// 2^x; subnormal results are 0, which spares the instructions that exp2f scales them with.
__device__ inline float quick_power_of_two(float x) {
#if defined(__CUDACC__)
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
#else
    return exp2f(x);
#endif
}
// 1 / x, with the same for subnormal values.
__device__ inline float quick_reciprocal(float x) {
#if defined(__CUDACC__)
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
#else
    return 1.0f / x;
#endif
}

// ---- vector accesses of up to 16 bytes ----

template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
    T values[N];
    __device__ T& operator[](int i) { return values[i]; }
    __device__ const T& operator[](int i) const { return values[i]; }
};

// The elements in float32, bf16 by whole words: an instruction each.
template <class T, int N>
__device__ Pack<float, N> to_floats(const Pack<T, N>& pack) {
    Pack<float, N> result;
    if constexpr (sizeof(T) == 2 && N % 2 == 0) {
        unsigned words[N / 2];
        __builtin_memcpy(words, &pack, sizeof(pack));
#pragma unroll
        for (int i = 0; i < N / 2; ++i) {
            result[2 * i] = __uint_as_float(words[i] << 16);
            result[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000u);
        }
    } else {
#pragma unroll
        for (int i = 0; i < N; ++i) result[i] = to_float(pack[i]);
    }
    return result;
}

// N neighbouring elements; the address must be a multiple of their size. It is one access where the compiler
// knows the pointer from outside the loop at hand: a table's row in the kernel's parameters is copied first
// (tests/cuda/stored_packs.sh looks at what the compiler made).
template <int N, class T>
__device__ Pack<T, N> load_pack(const T* from) {
#if !defined(__CUDACC__)
    ::simt::check_aligned(from, sizeof(T) * N);
#endif
    return *reinterpret_cast<const Pack<T, N>*>(from);
}
template <int N, class T>
__device__ void store_pack(T* to, const Pack<T, N>& pack) {
#if !defined(__CUDACC__)
    ::simt::check_aligned(to, sizeof(T) * N);
#endif
    *reinterpret_cast<Pack<T, N>*>(to) = pack;
}

// Whether the pointer (null counts) can be accessed in packs of that many bytes.
inline bool is_aligned(const void* pointer, size_t bytes) {
    return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

// ---- reductions in a fixed order ----

constexpr unsigned whole_warp = 0xFFFFFFFFu;

struct Sum {
    __device__ float operator()(float a, float b) const { return a + b; }
    static constexpr float identity = 0.0f;
};
// NaN wins, as in the CPU's maximum.
struct Max {
    __device__ float operator()(float a, float b) const { return a > b || a != a ? a : b; }
    static constexpr float identity = -INFINITY;
};

// The reduction over the warp, in every lane; all 32 lanes must take part.
template <class Op = Sum>
__device__ float warp_reduce(float value, Op op = {}) {
    for (int offset = 16; offset > 0; offset /= 2)
        value = op(value, __shfl_xor_sync(whole_warp, value, offset));
    return value;
}

// The reduction over a block of `threads` (a multiple of 32, at most 1024) along x, in every thread. May be
// called again and again; all threads must take part.
template <int threads, class Op = Sum>
__device__ float block_reduce(float value, Op op = {}) {
    static_assert(threads % 32 == 0 && threads <= 1024);
    UNMASK_SHARED(float, partial, 32);
    value = warp_reduce(value, op);
    __syncthreads();  // the array may still be read from the call before
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    float result = partial[0];
    for (int warp = 1; warp < threads / 32; ++warp) result = op(result, partial[warp]);
    return result;
}

// ---- launch sizes ----

constexpr int block_threads = 256;
// Multiprocessors of a large GPU (an H200). The same on every GPU, so that sums are cut alike.
constexpr int64_t multiprocessors = 132;
// Blocks of a launch that keep its memory busy.
constexpr int64_t many_blocks = 4 * multiprocessors;

// Blocks that cover `count` items, `per_block` each.
inline unsigned blocks_for(int64_t count, int64_t per_block) {
    const int64_t blocks = (count + per_block - 1) / per_block;
    UNMASK_ASSERT(blocks > 0 && blocks <= 0x7FFFFFFF);
    return static_cast<unsigned>(blocks);
}

__device__ inline int64_t global_thread() {
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// ---- dtypes ----

// Calls function(T{}) with the storage type of the tensor, float or BFloat16; Error for another dtype.
template <class Function>
void dispatch_storage(const char* kernel, const Tensor& tensor, Function&& function) {
    switch (tensor.dtype()) {
        case DType::f32:
            return function(float{});
        case DType::bf16:
            return function(BFloat16{});
        default:
            fail("{}: expected f32 or bf16 on a GPU, found {}", kernel, name_of(tensor.dtype()));
    }
}

}  // namespace unmask
