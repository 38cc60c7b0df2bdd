// SPDX-License-Identifier: Apache-2.0
// CUDA's vocabulary for g++: the .cu files of cuda/ include this instead of the CUDA runtime, and their
// kernels run on the emulated machine (machine.h), one thread after another. It proves indexing, arithmetic
// and determinism, and finds data races (races.h); speed it cannot.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tests/simt/machine.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define threadIdx (::simt::thread_index())
#define blockIdx (::simt::block_index())
#define blockDim (::simt::block_size())
#define gridDim (::simt::grid_size())
constexpr int warpSize = 32;

#define UNMASK_SIMT_SITE (::simt::Site{__FILE__, __LINE__})

// Barriers and collectives remember their place, so that threads waiting at different ones are noticed.
#define __syncthreads() ::simt::sync_threads(UNMASK_SIMT_SITE)
#define __syncwarp(...) ::simt::sync_warp(UNMASK_SIMT_SITE __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) ::simt::shuffle(UNMASK_SIMT_SITE, ::simt::Collective::shuffle, __VA_ARGS__)
#define __shfl_up_sync(...) ::simt::shuffle(UNMASK_SIMT_SITE, ::simt::Collective::shuffle_up, __VA_ARGS__)
#define __shfl_down_sync(...) ::simt::shuffle(UNMASK_SIMT_SITE, ::simt::Collective::shuffle_down, __VA_ARGS__)
#define __shfl_xor_sync(...) ::simt::shuffle(UNMASK_SIMT_SITE, ::simt::Collective::shuffle_xor, __VA_ARGS__)
#define __ballot_sync(mask, condition) ::simt::ballot(UNMASK_SIMT_SITE, mask, condition)
#define __any_sync(mask, condition) (::simt::ballot(UNMASK_SIMT_SITE, mask, condition) != 0)
#define __all_sync(mask, condition) (::simt::ballot(UNMASK_SIMT_SITE, mask, !(condition)) == 0)

// Static shared memory, and what the launch asked for: see cuda/device.cuh.
// An array for each place in the source and instance of its template, as nvcc makes them: a lambda has a
// static of its own in each.
#define UNMASK_SIMT_SHARED(type, count)             \
    static_cast<type*>(::simt::shared_array(        \
        UNMASK_SIMT_SITE,                           \
        [] {                                        \
            static char mark;                       \
            return static_cast<const void*>(&mark); \
        }(),                                        \
        sizeof(type) * (count)))
#define UNMASK_SIMT_DYNAMIC_SHARED(type) static_cast<type*>(::simt::dynamic_shared())

namespace simt {

// The value's bits travel through the collective as 64-bit words.
template <class T>
T shuffle(Site site, Collective kind, unsigned mask, T value, int lane, int width = 32) {
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>);
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    bits = exchange(site, kind, mask, bits, lane, width);
    std::memcpy(&value, &bits, sizeof(T));
    return value;
}

inline unsigned ballot(Site site, unsigned mask, bool condition) {
    return static_cast<unsigned>(exchange(site, Collective::ballot, mask, condition ? 1 : 0, 0, 32));
}

inline void sync_warp(Site site, unsigned mask = 0xFFFFFFFFu) {
    (void)exchange(site, Collective::barrier, mask, 0, 0, 32);
}

}  // namespace simt

// One thread runs at a time, so that plain operations are atomic ones; races.h is told which are meant to be.
template <class T>
T atomicAdd(T* target, T value) {
    const simt::AtomicScope scope;
    const T before = *target;
    *target = before + value;
    return before;
}
template <class T>
T atomicMax(T* target, T value) {
    const simt::AtomicScope scope;
    const T before = *target;
    *target = std::max(before, value);
    return before;
}
template <class T>
T atomicMin(T* target, T value) {
    const simt::AtomicScope scope;
    const T before = *target;
    *target = std::min(before, value);
    return before;
}
template <class T>
T atomicExch(T* target, T value) {
    const simt::AtomicScope scope;
    const T before = *target;
    *target = value;
    return before;
}
template <class T>
T atomicOr(T* target, T value) {
    const simt::AtomicScope scope;
    const T before = *target;
    *target = before | value;
    return before;
}
inline unsigned atomicInc(unsigned* target, unsigned limit) {
    const simt::AtomicScope scope;
    const unsigned before = *target;
    *target = before >= limit ? 0 : before + 1;
    return before;
}
inline void __threadfence() {
    simt::fence();
}
inline void __threadfence_block() {}

template <class T>
T __ldg(const T* pointer) {
    return *pointer;
}
inline int __popc(unsigned value) {
    return std::popcount(value);
}
inline int __ffs(int value) {
    return __builtin_ffs(value);
}
inline int __clz(int value) {
    return value == 0 ? 32 : std::countl_zero(static_cast<unsigned>(value));
}
inline unsigned __float_as_uint(float value) {
    return std::bit_cast<unsigned>(value);
}
inline float __uint_as_float(unsigned bits) {
    return std::bit_cast<float>(bits);
}
inline float rsqrtf(float value) {
    return 1.0f / std::sqrt(value);
}
inline float __saturatef(float value) {
    return std::clamp(value, 0.0f, 1.0f);
}
