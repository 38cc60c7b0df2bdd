// SPDX-License-Identifier: Apache-2.0
// Planted bugs that the emulation must catch, each by its message, and races that it must show.
#include <cmath>

#include "tests/simt/machine_fixture.h"

namespace simt_test {
namespace {

__global__ void divergent_barriers_kernel() {
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
}

TEST_F(Machine, CatchesDivergentBarriers) {
    expect_fault(
        [] { run("divergent_barriers_kernel", divergent_barriers_kernel, 1, 64, 0); },
        {"divergent_barriers_kernel", "block (0, 0, 0)", "wait at different barriers", "faults_test.cpp:"});
}

__global__ void early_exit_kernel() {
    if (threadIdx.x == 3) return;
    __syncthreads();
}

TEST_F(Machine, CatchesAThreadThatLeftBeforeABarrier) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        expect_fault([] { run("early_exit_kernel", early_exit_kernel, 1, 8, 0); },
                     {"early_exit_kernel", "thread (3, 0, 0) has ended while others wait at the barrier"});
    }
}

__global__ void left_warp_kernel(int* out) {
    if (threadIdx.x == 3) return;
    out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1, 1);
}

TEST_F(Machine, CatchesALaneThatLeftBeforeAShuffle) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(left_warp_kernel, 1, 32, 0, nullptr, out); },
                 {"left_warp_kernel", "lane 3 has ended but is in the mask"});
}

__global__ void outside_mask_kernel(int* out) {
    if (threadIdx.x < 8) out[threadIdx.x] = __shfl_sync(0xFFu, static_cast<int>(threadIdx.x), 9);
}

TEST_F(Machine, CatchesAShuffleFromALaneOutsideTheMask) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(outside_mask_kernel, 1, 32, 0, nullptr, out); },
                 {"outside_mask_kernel", "lane 0 reads lane 9, which takes no part"});
}

__global__ void missing_lane_kernel(int* out) {
    out[threadIdx.x] = __shfl_down_sync(whole_warp, static_cast<int>(threadIdx.x), 4);
}

TEST_F(Machine, CatchesAShuffleFromALaneThatAPartialWarpLacks) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(missing_lane_kernel, 1, 20, 0, nullptr, out); },
                 {"missing_lane_kernel", "lane 16 reads lane 20, which takes no part"});
}

__global__ void foreign_mask_kernel(int* out) {
    out[threadIdx.x] = __shfl_xor_sync(0xFu, static_cast<int>(threadIdx.x), 1);
}

TEST_F(Machine, CatchesALaneThatIsNotInItsOwnMask) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(foreign_mask_kernel, 1, 8, 0, nullptr, out); },
                 {"foreign_mask_kernel", "thread (4, 0, 0)", "not in its own mask"});
}

__global__ void different_collectives_kernel(int* out) {
    if (threadIdx.x % 2 == 0)
        out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1, 2);
    else
        out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1, 2);
}

TEST_F(Machine, CatchesAWarpAtDifferentCollectives) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(different_collectives_kernel, 1, 32, 0, nullptr, out); },
                 {"different_collectives_kernel", "lanes 0 and 1 of one warp wait at different collectives"});
}

__global__ void odd_width_kernel(int* out) {
    out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1, 1, 6);
}

TEST_F(Machine, CatchesAWidthThatIsNoPowerOfTwo) {
    int out[32];
    expect_fault([&] { UNMASK_LAUNCH(odd_width_kernel, 1, 32, 0, nullptr, out); },
                 {"power of two", "found 6"});
}

__global__ void beyond_shared_kernel(int before, int beyond) {
    UNMASK_SHARED(float, shared, 8);
    shared[static_cast<int>(threadIdx.x) + (threadIdx.x == 7 ? beyond : 0) - before] = 1.0f;
}
__global__ void beyond_dynamic_kernel() {
    UNMASK_DYNAMIC_SHARED(float, shared);
    shared[threadIdx.x] = 1.0f;
}

TEST_F(Machine, CatchesWritesOutsideOfSharedMemory) {
    UNMASK_LAUNCH(beyond_shared_kernel, 1, 8, 0, nullptr, 0, 0);
    expect_fault([] { UNMASK_LAUNCH(beyond_shared_kernel, 1, 8, 0, nullptr, 0, 1); },
                 {"beyond_shared_kernel", "block (0, 0, 0)", "a write beyond the shared array of",
                  "faults_test.cpp:"});
    expect_fault([] { UNMASK_LAUNCH(beyond_shared_kernel, 1, 8, 0, nullptr, 1, 0); },
                 {"a write beyond the shared array of"});
    run("beyond_dynamic_kernel", beyond_dynamic_kernel, 1, 8, 8 * sizeof(float));
    expect_fault([] { run("beyond_dynamic_kernel", beyond_dynamic_kernel, 1, 8, 7 * sizeof(float)); },
                 {"beyond_dynamic_kernel", "a write beyond the dynamic shared memory"});
}

__global__ void read_shared_kernel(int beyond, float* out) {
    UNMASK_SHARED(float, shared, 8);
    shared[threadIdx.x] = 1.0f;
    __syncthreads();
    out[threadIdx.x] = shared[static_cast<int>(threadIdx.x) + beyond];
}
__global__ void read_shared_halves_kernel(int beyond, float* out) {
    UNMASK_SHARED(unmask::BFloat16, shared, 7);  // the guard begins in the middle of a word
    if (threadIdx.x < 7) shared[threadIdx.x] = unmask::BFloat16(1.0f);
    __syncthreads();
    out[threadIdx.x] = static_cast<float>(shared[static_cast<int>(threadIdx.x) + beyond]);
}

TEST_F(Machine, WhatIsReadOutsideOfSharedMemoryIsNotANumber) {
    float out[8];
    for (const int beyond : {1, 8, -1, -8}) {
        for (const auto kernel : {read_shared_kernel, read_shared_halves_kernel}) {
            UNMASK_LAUNCH(kernel, 1, 8, 0, nullptr, beyond, out);
            EXPECT_TRUE(std::isnan(out[beyond < 0 ? 0 : 7])) << beyond;
        }
        EXPECT_EQ(out[beyond < 0 ? 7 : 0] == 1.0f, std::abs(beyond) == 1) << beyond;
    }
}

__global__ void unwritten_kernel(float* out) {
    UNMASK_SHARED(float, shared, 33);
    UNMASK_DYNAMIC_SHARED(float, more);
    shared[threadIdx.x] = more[threadIdx.x] = 1.0f;
    __syncthreads();
    out[2 * threadIdx.x] = shared[threadIdx.x + 1];
    out[2 * threadIdx.x + 1] = more[threadIdx.x + 1];
}

TEST_F(Machine, SharedMemoryThatNobodyWroteIsNotANumber) {
    float out[64];
    for (int run = 0; run < 2; ++run) {
        UNMASK_LAUNCH(unwritten_kernel, 2, 32, 33 * sizeof(float), nullptr, out);
        for (int i = 0; i < 62; ++i) EXPECT_EQ(out[i], 1.0f) << i;
        EXPECT_TRUE(std::isnan(out[62]) && std::isnan(out[63]));
    }
}

__global__ void pack_kernel(const float* in, float* out) {
    unmask::store_pack<4>(out, load_pack<4>(in));
}

TEST_F(Machine, CatchesMisalignedVectorAccesses) {
    alignas(16) float in[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    alignas(16) float out[8] = {};
    UNMASK_LAUNCH(pack_kernel, 1, 1, 0, nullptr, in + 4, out);
    EXPECT_EQ(out[3], 8.0f);
    for (const auto& [from, to] : {std::pair{in + 1, out}, std::pair{in, out + 2}})
        expect_fault([&] { UNMASK_LAUNCH(pack_kernel, 1, 1, 0, nullptr, from, to); },
                     {"pack_kernel", "thread (0, 0, 0)", "a vector access of 16 bytes"});
}

__global__ void idle_kernel() {}
__global__ void much_shared_kernel() {
    UNMASK_SHARED(float, shared, 12289);
    shared[0] = 0.0f;
}

// Two of one size on one line, and one in each instance of a template.
template <class T>
__device__ T* own_array() {
    UNMASK_SHARED(T, shared, 4);
    return shared;
}
__global__ void arrays_kernel(int* distinct) {
    UNMASK_SHARED(float, first, 4);
    UNMASK_SHARED(int, second, 4);
    const void* arrays[] = {first, second, own_array<float>(), own_array<int>()};
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < i; ++j) *distinct += arrays[i] != arrays[j];
}

TEST_F(Machine, SharedArraysAreApartAsOnAGpu) {
    int distinct = 0;
    UNMASK_LAUNCH(arrays_kernel, 1, 1, 0, nullptr, &distinct);
    EXPECT_EQ(distinct, 6);
}

TEST_F(Machine, RefusesImpossibleLaunches) {
    run("idle_kernel", idle_kernel, 1, dim3(1024), 0);
    expect_fault([] { run("idle_kernel", idle_kernel, 1, dim3(32, 33), 0); },
                 {"idle_kernel", "found (32, 33, 1)"});
    expect_fault([] { run("idle_kernel", idle_kernel, 1, 0, 0); }, {"1 to 1024 threads", "found (0, 1, 1)"});
    expect_fault([] { run("idle_kernel", idle_kernel, 1, dim3(1, 1, 65), 0); },
                 {"64 deep", "found (1, 1, 65)"});
    expect_fault([] { run("idle_kernel", idle_kernel, 0, 32, 0); }, {"idle_kernel", "grid", "(0, 1, 1)"});
    expect_fault([] { run("idle_kernel", idle_kernel, dim3(1, 65536), 32, 0); }, {"(1, 65536, 1)"});
    expect_fault([] { run("idle_kernel", idle_kernel, 1, 32, 49153); }, {"48 KiB", "found 49153"});
    expect_fault([] { run("much_shared_kernel", much_shared_kernel, 1, 32, 0); },
                 {"much_shared_kernel", "49152 bytes of shared memory"});
}

__global__ void missing_barrier_kernel(float* out) {
    UNMASK_SHARED(float, shared, 8);
    shared[threadIdx.x] = static_cast<float>(threadIdx.x);
    out[threadIdx.x] = shared[threadIdx.x ^ 7u];
}

template <bool synced>
__global__ void warp_exchange_kernel(float* out) {
    UNMASK_SHARED(float, shared, 32);
    shared[threadIdx.x] = static_cast<float>(threadIdx.x);
    if (synced) __syncwarp();
    out[threadIdx.x] = shared[threadIdx.x ^ 1u];
}

// Within a warp too: lanes do not go in step.
TEST_F(Machine, AMissingSyncwarpGivesOtherResultsInAnotherOrder) {
    const auto exchange = [](auto kernel, simt::Order order) {
        simt::set_order(order);
        std::vector<float> out(32);
        UNMASK_LAUNCH(kernel, 1, 32, 0, nullptr, out.data());
        return out;
    };
    for (const simt::Order order : orders) EXPECT_EQ(exchange(warp_exchange_kernel<true>, order)[0], 1.0f);
    const std::vector<float> forward = exchange(warp_exchange_kernel<false>, simt::Order::forward),
                             reversed = exchange(warp_exchange_kernel<false>, simt::Order::reversed);
    EXPECT_TRUE(std::isnan(forward[0]) && forward[1] == 0.0f);
    EXPECT_TRUE(reversed[0] == 1.0f && std::isnan(reversed[1]));
}

__global__ void last_writer_kernel(unsigned* out) {
    *out = blockIdx.x * blockDim.x + threadIdx.x;
}

TEST_F(Machine, RacesGiveOtherResultsInAnotherOrder) {
    const auto exchange = [](simt::Order order) {
        simt::set_order(order);
        std::vector<float> out(8);
        UNMASK_LAUNCH(missing_barrier_kernel, 1, 8, 0, nullptr, out.data());
        return out;
    };
    const std::vector<float> forward = exchange(simt::Order::forward),
                             reversed = exchange(simt::Order::reversed);
    EXPECT_TRUE(std::isnan(forward[0]) && !std::isnan(forward[7]));
    EXPECT_TRUE(!std::isnan(reversed[0]) && std::isnan(reversed[7]));

    unsigned last = 0;
    simt::set_order(simt::Order::forward);
    UNMASK_LAUNCH(last_writer_kernel, 4, 8, 0, nullptr, &last);
    EXPECT_EQ(last, 31u);
    simt::set_order(simt::Order::reversed);
    UNMASK_LAUNCH(last_writer_kernel, 4, 8, 0, nullptr, &last);
    EXPECT_EQ(last, 0u);
}

__global__ void deadlock_kernel(int* out) {
    if (threadIdx.x < 16)
        __syncthreads();
    else
        out[threadIdx.x] = __shfl_xor_sync(whole_warp, 1, 1);
}

TEST_F(Machine, CatchesADeadlockBetweenABarrierAndACollective) {
    int out[32];
    for (const simt::Order order : orders) {
        simt::set_order(order);
        expect_fault(
            [&] { UNMASK_LAUNCH(deadlock_kernel, 1, 32, 0, nullptr, out); },
            {"deadlock_kernel", "some threads of the block wait at a barrier, others at a warp collective"});
    }
}

TEST_F(Machine, RunsOnAfterAFault) {
    expect_fault([] { run("early_exit_kernel", early_exit_kernel, 1, 8, 0); }, {"has ended"});
    alignas(16) float in[4] = {1, 2, 3, 4}, out[4] = {};
    UNMASK_LAUNCH(pack_kernel, 1, 1, 0, nullptr, in, out);
    EXPECT_EQ(out[3], 4.0f);
}

}  // namespace
}  // namespace simt_test
