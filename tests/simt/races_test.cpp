// SPDX-License-Identifier: Apache-2.0
// Planted data races that the emulation must find in watched code, and what looks like one and is none. This
// file is compiled as watched code (races.h).
#include <vector>

#include "cuda/tensor_cores.cuh"
#include "tests/simt/races_fixture.h"

namespace simt_test {
namespace {

// ---- within a block ----

// Waits for its copy, but a barrier alone tells the block.
template <bool barrier>
__global__ void copy_kernel(const unmask::BFloat16* from, unmask::BFloat16* to) {
    UNMASK_SHARED(unmask::BFloat16, shared, 64 * 8);
    unmask::copy_async(shared + threadIdx.x * 8, from + threadIdx.x * 8, true);
    unmask::commit_copies();
    unmask::wait_for_copies(0);
    if constexpr (barrier) __syncthreads();
    to[threadIdx.x] = shared[(threadIdx.x ^ 32) * 8];
}

// Copies to what others may still read.
template <bool barrier>
__global__ void overwriting_copy_kernel(const unmask::BFloat16* from, unmask::BFloat16* to) {
    UNMASK_SHARED(unmask::BFloat16, shared, 64 * 8);
    shared[threadIdx.x * 8] = from[0];
    __syncthreads();
    to[threadIdx.x] = shared[(threadIdx.x ^ 32) * 8];
    if constexpr (barrier) __syncthreads();
    unmask::copy_async(shared + threadIdx.x * 8, from, true);
}

TEST_F(Watched, AnAsynchronousCopyIsAWriteFromItsStartToItsArrival) {
    alignas(16) unmask::BFloat16 from[64 * 8];
    unmask::BFloat16 to[64];
    const auto launch = [&](auto kernel) {
        return [&, kernel] { simt::launch("copy", 1, 64, 0, simt::bind(kernel, from, to)); };
    };
    expect_race(launch(copy_kernel<false>), {"copy", "of the shared array of", "nothing orders the two"});
    expect_none(launch(copy_kernel<true>));
    expect_race(launch(overwriting_copy_kernel<false>), {"of the shared array of"});
    expect_none(launch(overwriting_copy_kernel<true>));
}

enum class Between { nothing, warps, barrier, shuffle };

template <Between between>
__global__ void exchange_kernel(float* out, unsigned partner) {
    UNMASK_SHARED(float, shared, 64);
    shared[threadIdx.x] = static_cast<float>(threadIdx.x);
    if constexpr (between == Between::warps) __syncwarp();
    if constexpr (between == Between::barrier) __syncthreads();
    if constexpr (between == Between::shuffle) out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1.0f, 1);
    out[threadIdx.x] = shared[threadIdx.x ^ partner];
}

TEST_F(Watched, ABarrierOrdersTheBlock) {
    float out[64];
    const auto launch = [&](auto kernel, unsigned partner) {
        return [&out, kernel, partner] {
            simt::launch("exchange_kernel", 1, 64, 0, simt::bind(kernel, out, partner));
        };
    };
    expect_race(launch(exchange_kernel<Between::nothing>, 32),
                {"exchange_kernel", "4 bytes of the shared array of", "races_test.cpp:", "of block 0 has",
                 "and nothing orders the two"});
    expect_race(launch(exchange_kernel<Between::warps>, 32), {"4 bytes of the shared array of"});
    expect_none(launch(exchange_kernel<Between::barrier>, 32));
    expect_none(launch(exchange_kernel<Between::nothing>, 0));
}

TEST_F(Watched, SyncwarpOrdersTheWarpAndAShuffleDoesNot) {
    float out[64];
    const auto launch = [&](auto kernel) {
        return [&out, kernel] { UNMASK_LAUNCH(kernel, 1, 64, 0, nullptr, out, 1u); };
    };
    expect_race(launch(exchange_kernel<Between::nothing>), {"of block 0 has"});
    expect_race(launch(exchange_kernel<Between::shuffle>), {"of block 0 has"});
    expect_none(launch(exchange_kernel<Between::warps>));
    expect_none(launch(exchange_kernel<Between::barrier>));
}

__global__ void halves_kernel(float* out, unsigned partner) {
    UNMASK_SHARED(float, shared, 32);
    shared[threadIdx.x] = 1.0f;
    __syncwarp(threadIdx.x < 16 ? 0xFFFFu : 0xFFFF0000u);
    out[threadIdx.x] = shared[threadIdx.x ^ partner];
}

// Lane 0 meets lane 1, and that lane 2.
__global__ void passed_on_kernel(float* out, bool met) {
    UNMASK_SHARED(float, shared, 1);
    if (threadIdx.x == 0) *shared = 1.0f;
    if (threadIdx.x < 2) __syncwarp(3u);
    if (met && threadIdx.x > 0) __syncwarp(6u);
    if (threadIdx.x == 2) *out = *shared;
}

TEST_F(Watched, OrderIsPassedOn) {
    float out = 0.0f;
    expect_none([&] { UNMASK_LAUNCH(passed_on_kernel, 1, 3, 0, nullptr, &out, true); });
    expect_race([&] { UNMASK_LAUNCH(passed_on_kernel, 1, 3, 0, nullptr, &out, false); },
                {"4 bytes of the shared array"});
}

TEST_F(Watched, SyncwarpOrdersTheLanesOfItsMask) {
    float out[32];
    expect_none([&] { UNMASK_LAUNCH(halves_kernel, 1, 32, 0, nullptr, out, 15u); });
    expect_race([&] { UNMASK_LAUNCH(halves_kernel, 1, 32, 0, nullptr, out, 16u); }, {"has written"});
}

// A write after reads: the array of a sum that is used again.
template <bool again>
__global__ void reused_kernel(float* out) {
    UNMASK_SHARED(float, shared, 2);
    float sum = 0.0f;
    for (int i = 0; i < 2; ++i) {
        if (again) __syncthreads();
        if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = static_cast<float>(i);
        __syncthreads();
        sum += shared[0] + shared[1];
    }
    out[threadIdx.x] = sum;
}

TEST_F(Watched, AWriteAfterOthersReadsIsARace) {
    float out[64];
    expect_none([&] { UNMASK_LAUNCH(reused_kernel<true>, 1, 64, 0, nullptr, out); });
    expect_race([&] { UNMASK_LAUNCH(reused_kernel<false>, 1, 64, 0, nullptr, out); },
                {"4 bytes of the shared array", "and nothing orders the two"});
    simt::set_order(simt::Order::reversed);  // thread 0, which writes, goes last
    expect_fault([&] { UNMASK_LAUNCH(reused_kernel<false>, 1, 32, 0, nullptr, out); },
                 {"thread (0, 0, 0): writes 4 bytes", "that several threads of block 0 have read"});
}

__global__ void same_value_kernel(float* out) {
    *out = 1.0f;
}
template <class T>
__global__ void neighbours_kernel(T* out) {
    out[blockIdx.x * blockDim.x + threadIdx.x] = T(1);
}

TEST_F(Watched, EveryByteCountsOfItself) {
    float out = 0.0f;
    expect_race([&] { UNMASK_LAUNCH(same_value_kernel, 1, 2, 0, nullptr, &out); },
                {"writes 4 bytes of global memory"});
    unsigned char bytes[64];
    unmask::BFloat16 halves[64];
    expect_none([&] { UNMASK_LAUNCH(neighbours_kernel<unsigned char>, 2, 32, 0, nullptr, bytes); });
    expect_none([&] { UNMASK_LAUNCH(neighbours_kernel<unmask::BFloat16>, 2, 32, 0, nullptr, halves); });
}

__global__ void packs_kernel(float* out, int step) {
    unmask::store_pack<4>(out + static_cast<int>(threadIdx.x) * step, unmask::Pack<float, 4>{});
}

TEST_F(Watched, PacksThatOverlapRace) {
    alignas(16) float out[16];
    expect_none([&] { UNMASK_LAUNCH(packs_kernel, 1, 4, 0, nullptr, out, 4); });
    expect_race([&] { UNMASK_LAUNCH(packs_kernel, 1, 4, 0, nullptr, out, 0); },
                {"writes", "of block 0 has written"});
}

// ---- between blocks ----

__global__ void in_turn_kernel(float* out) {
    out[blockIdx.x] = 1.0f;
    __syncthreads();
    out[blockIdx.x] += out[blockIdx.x ^ 1u];
}

TEST_F(Watched, NothingOrdersBlocks) {
    float out[2];
    expect_race([&] { UNMASK_LAUNCH(in_turn_kernel, 2, 1, 0, nullptr, out); }, {"of block", "global memory"});
}

__global__ void count_kernel(int* count) {
    atomicAdd(count, 1);
}
__global__ void count_and_look_kernel(int* count, int* out) {
    atomicAdd(count, 1);
    out[blockIdx.x] = *count;
}

TEST_F(Watched, AtomicsDoNotRaceWithEachOtherButWithOtherAccesses) {
    int count = 0, out[2];
    expect_none([&] { UNMASK_LAUNCH(count_kernel, 2, 32, 0, nullptr, &count); });
    EXPECT_EQ(count, 3 * 64);
    expect_race([&] { UNMASK_LAUNCH(count_and_look_kernel, 2, 1, 0, nullptr, &count, out); },
                {"4 bytes of global memory that", "of block"});
}

// The block that comes last adds up what all wrote. Fences: 1 before the counter, 2 behind it, 4 in every
// thread before the barrier instead of 1.
template <int fences, bool all_wait = true>
__global__ void last_block_kernel(float* parts, unsigned* finished, float* out) {
    UNMASK_SHARED(unsigned, before, 1);
    parts[blockIdx.x * blockDim.x + threadIdx.x] = 1.0f;
    if constexpr ((fences & 4) != 0) __threadfence();
    if constexpr (all_wait) __syncthreads();
    if (threadIdx.x == 0) {
        if constexpr ((fences & 1) != 0) __threadfence();
        *before = atomicAdd(finished, 1u);
        if constexpr ((fences & 2) != 0) __threadfence();
    }
    __syncthreads();
    if (*before + 1 != gridDim.x || threadIdx.x != 1) return;
    float sum = 0.0f;
    for (unsigned i = 0; i < gridDim.x * blockDim.x; ++i) sum += parts[i];
    *out = sum;
}

TEST_F(Watched, TheLastBlockSeesWhatOthersReleased) {
    float out = 0.0f;
    const auto launch = [&](auto kernel) {
        return [&out, kernel] {
            std::vector<float> parts(3 * 32);
            unsigned finished = 0;
            out = 0.0f;
            UNMASK_LAUNCH(kernel, 3, 32, 0, nullptr, parts.data(), &finished, &out);
        };
    };
    expect_none(launch(last_block_kernel<3>));
    EXPECT_EQ(out, 96.0f);
    for (const auto kernel : {last_block_kernel<0>, last_block_kernel<1>, last_block_kernel<2>,
                              last_block_kernel<6>, last_block_kernel<3, false>})
        expect_race(launch(kernel), {"reads 4 bytes of global memory", "has written"});
}

// A plain read by the thread whose atomic came last races with the atomics of all others.
__global__ void count_and_read_kernel(int* count, int* out) {
    atomicAdd(count, 1);
    if (blockIdx.x * blockDim.x + threadIdx.x + 1 == gridDim.x * blockDim.x) *out = *count;
}

TEST_F(Watched, AnAtomicHidesNoneBeforeIt) {
    int count = 0, out = 0;
    const auto race = [&](int blocks, int threads, const char* who) {
        simt::set_order(simt::Order::forward);
        expect_fault([&] { UNMASK_LAUNCH(count_and_read_kernel, blocks, threads, 0, nullptr, &count, &out); },
                     {"reads 4 bytes of global memory that", who});
    };
    race(1, 64, "several threads of block 0 have written");
    race(64, 1, "several blocks have written");
}

// The fence before the counter may come before another barrier, the one behind it may be followed by others.
__global__ void more_fences_kernel(float* parts, unsigned* finished, float* out) {
    UNMASK_SHARED(unsigned, before, 1);
    parts[blockIdx.x * blockDim.x + threadIdx.x] = 1.0f;
    __syncthreads();
    if (threadIdx.x == 0) __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        *before = atomicAdd(finished, 1u);
        __threadfence();
    }
    __syncthreads();
    __threadfence();
    if (*before + 1 != gridDim.x || threadIdx.x != 1) return;
    *out = parts[0] + parts[blockDim.x * gridDim.x - 1];
}

TEST_F(Watched, EarlierAndLaterFencesCountToo) {
    float out = 0.0f;
    expect_none([&] {
        std::vector<float> parts(3 * 32);
        unsigned finished = 0;
        UNMASK_LAUNCH(more_fences_kernel, 3, 32, 0, nullptr, parts.data(), &finished, &out);
    });
}

}  // namespace
}  // namespace simt_test
