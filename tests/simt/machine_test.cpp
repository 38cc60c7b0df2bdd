// SPDX-License-Identifier: Apache-2.0
// The emulation itself: that it computes what a GPU computes. Planted bugs are in faults_test.cpp.
#include "tests/simt/machine.h"

#include <cmath>
#include <numeric>

#include "tests/simt/machine_fixture.h"

namespace simt_test {
namespace {

__global__ void number_kernel(int* numbers) {
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    ++numbers[block * blockDim.x * blockDim.y * blockDim.z + thread];
}

TEST_F(Machine, RunsEveryThreadOfGridsAndBlocksOfThreeDimensionsOnce) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        std::vector<int> numbers(size_t{5 * 3 * 2} * 4 * 6 * 7 + 1, 0);
        const int64_t before = simt::launches();
        UNMASK_LAUNCH(number_kernel, dim3(5, 3, 2), dim3(4, 6, 7), 0, nullptr, numbers.data());
        EXPECT_EQ(simt::launches(), before + 1);
        EXPECT_EQ(numbers.back(), 0);
        numbers.pop_back();
        EXPECT_EQ(numbers, std::vector<int>(numbers.size(), 1));
    }
}

__global__ void converted_arguments_kernel(int64_t* out, int64_t value, float scale) {
    *out = value * static_cast<int64_t>(scale);
}

TEST_F(Machine, ConvertsAndCopiesArgumentsAsALaunchDoes) {
    int64_t out = 0;
    short value = 7;
    const auto call = simt::bind(converted_arguments_kernel, &out, value, 3);
    value = 0;
    simt::launch("converted_arguments_kernel", 1, 1, 0, call);
    EXPECT_EQ(out, 21);
}

// Each thread hands its value to the next of the block, several times over.
__global__ void rotate_kernel(int rounds, const float* in, float* out) {
    UNMASK_SHARED(float, shared, 70);
    UNMASK_DYNAMIC_SHARED(float, more);
    float value = in[blockIdx.x * blockDim.x + threadIdx.x];
    for (int round = 0; round < rounds; ++round) {
        shared[threadIdx.x] = value;
        __syncthreads();
        value = shared[(threadIdx.x + 1) % blockDim.x];
        more[threadIdx.x] = value;
        __syncthreads();
        value = more[(threadIdx.x + 1) % blockDim.x];
    }
    out[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

TEST_F(Machine, ThreadsOfABlockTalkThroughSharedMemoryAndBarriers) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        std::vector<float> in(3 * 70), out(in.size());
        std::iota(in.begin(), in.end(), 0.0f);
        UNMASK_LAUNCH(rotate_kernel, 3, 70, 70 * sizeof(float), nullptr, 5, in.data(), out.data());
        for (size_t i = 0; i < in.size(); ++i) EXPECT_EQ(out[i], in[i / 70 * 70 + (i % 70 + 10) % 70]) << i;
    }
}

__global__ void remember_kernel(int* kept) {
    UNMASK_SHARED(int, shared, 1);
    if (threadIdx.x == 0 && blockIdx.x == 0) shared[0] = 5;
    __syncthreads();
    kept[blockIdx.x] = shared[0];
}

TEST_F(Machine, SharedMemoryIsTheBlocksOwn) {
    int kept[2] = {};
    UNMASK_LAUNCH(remember_kernel, 2, 2, 0, nullptr, kept);
    EXPECT_EQ(kept[0], 5);
    EXPECT_NE(kept[1], 5);
}

__global__ void shuffle_kernel(int* out, int lane, int width) {
    const int value = 100 + static_cast<int>(threadIdx.x), count = static_cast<int>(blockDim.x);
    const int self = static_cast<int>(threadIdx.x);
    out[self] = __shfl_sync(whole_warp, value, lane, width);
    out[count + self] = __shfl_up_sync(whole_warp, value, static_cast<unsigned>(lane), width);
    out[2 * count + self] = __shfl_down_sync(whole_warp, value, static_cast<unsigned>(lane), width);
    out[3 * count + self] = __shfl_xor_sync(whole_warp, value, lane, width);
}

// By CUDA's words: groups of `width` lanes; a source outside the group is the lane itself, but for xor, which
// may read earlier groups, and for the plain shuffle, which wraps.
TEST_F(Machine, ShufflesOfEveryKindAndWidth) {
    for (const simt::Order order : orders)
        for (const int width : {1, 2, 4, 8, 16, 32})
            for (const int lane : {0, 1, 3, 5, 16, 31}) {
                simt::set_order(order);
                std::vector<int> out(4 * 64);
                UNMASK_LAUNCH(shuffle_kernel, 1, 64, 0, nullptr, out.data(), lane, width);
                for (int i = 0; i < 64; ++i) {
                    const int base = i / width * width, end = base + width;
                    const auto at = [&](int kind) { return out[static_cast<size_t>(kind * 64 + i)] - 100; };
                    const int mirrored = i / 32 * 32 + (i % 32 ^ lane);
                    EXPECT_EQ(at(0), base + lane % width) << i << ' ' << lane << ' ' << width;
                    EXPECT_EQ(at(1), i - lane < base ? i : i - lane) << i << ' ' << lane << ' ' << width;
                    EXPECT_EQ(at(2), i + lane >= end ? i : i + lane) << i << ' ' << lane << ' ' << width;
                    EXPECT_EQ(at(3), mirrored >= end ? i : mirrored) << i << ' ' << lane << ' ' << width;
                }
            }
}

__global__ void wide_values_kernel(double* doubles, int64_t* integers) {
    const double d = 1.0 / (1.0 + threadIdx.x);
    const int64_t l = (int64_t{1} << 40) + threadIdx.x;
    doubles[threadIdx.x] = __shfl_xor_sync(whole_warp, d, 1);
    integers[threadIdx.x] = __shfl_xor_sync(whole_warp, l, 1);
}

TEST_F(Machine, ShufflesEightBytes) {
    double doubles[32];
    int64_t integers[32];
    UNMASK_LAUNCH(wide_values_kernel, 1, 32, 0, nullptr, doubles, integers);
    for (unsigned i = 0; i < 32; ++i) {
        EXPECT_EQ(doubles[i], 1.0 / (1.0 + (i ^ 1u)));
        EXPECT_EQ(integers[i], (int64_t{1} << 40) + (i ^ 1u));
    }
}

__global__ void vote_kernel(unsigned* out) {
    const bool odd = threadIdx.x % 2 == 1;
    out[3 * threadIdx.x] = __ballot_sync(whole_warp, odd);
    out[3 * threadIdx.x + 1] = __any_sync(whole_warp, threadIdx.x == 40) ? 1 : 0;
    out[3 * threadIdx.x + 2] = __all_sync(whole_warp, threadIdx.x < 32) ? 1 : 0;
}

TEST_F(Machine, BallotsAndVotesOfFullAndPartialWarps) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        std::vector<unsigned> out(3 * 45);
        UNMASK_LAUNCH(vote_kernel, 1, 45, 0, nullptr, out.data());
        for (unsigned i = 0; i < 45; ++i) {
            EXPECT_EQ(out[3 * i], i < 32 ? 0xAAAAAAAAu : 0x0AAAu) << i;
            EXPECT_EQ(out[3 * i + 1], i < 32 ? 0u : 1u) << i;
            EXPECT_EQ(out[3 * i + 2], i < 32 ? 1u : 0u) << i;
        }
    }
}

__global__ void half_warps_kernel(int* out) {
    const unsigned mask = threadIdx.x < 16 ? 0x0000FFFFu : 0xFFFF0000u;
    int value = static_cast<int>(threadIdx.x);
    if (threadIdx.x < 16)
        for (int offset = 8; offset > 0; offset /= 2) value += __shfl_xor_sync(mask, value, offset);
    else
        value = __shfl_sync(mask, value, 20);
    __syncwarp();
    __syncwarp(mask);
    out[threadIdx.x] = value;
}

TEST_F(Machine, HalvesOfAWarpGoTheirOwnWays) {
    int out[32];
    UNMASK_LAUNCH(half_warps_kernel, 1, 32, 0, nullptr, out);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(out[i], i < 16 ? 120 : 20) << i;
}

__global__ void reduce_kernel(const float* in, float* out) {
    const float value = in[blockIdx.x * blockDim.x + threadIdx.x];
    const float sum = unmask::block_reduce<96>(value);
    const float largest = unmask::block_reduce<96>(value, unmask::Max{});
    if (threadIdx.x == 95) out[2 * blockIdx.x] = sum;
    if (threadIdx.x == 0) out[2 * blockIdx.x + 1] = largest;
}

TEST_F(Machine, ReducesOverBlocks) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        std::vector<float> in(2 * 96), out(4);
        std::iota(in.begin(), in.end(), 0.0f);
        in[100] = NAN;
        UNMASK_LAUNCH(reduce_kernel, 2, 96, 0, nullptr, in.data(), out.data());
        EXPECT_EQ(out[0], 95 * 96 / 2);
        EXPECT_EQ(out[1], 95);
        EXPECT_TRUE(std::isnan(out[2]) && std::isnan(out[3]));
    }
}

__global__ void atomics_kernel(int* counters, unsigned* ticket) {
    atomicAdd(&counters[0], 2);
    atomicMax(&counters[1], static_cast<int>(threadIdx.x));
    atomicMin(&counters[2], -static_cast<int>(threadIdx.x));
    atomicOr(&counters[3], 1 << threadIdx.x % 8);
    if (atomicInc(ticket, 49) == 49) atomicExch(&counters[4], 7);
}

TEST_F(Machine, Atomics) {
    int counters[5] = {};
    unsigned ticket = 0;
    UNMASK_LAUNCH(atomics_kernel, 2, 25, 0, nullptr, counters, &ticket);
    EXPECT_EQ(counters[0], 100);
    EXPECT_EQ(counters[1], 24);
    EXPECT_EQ(counters[2], -24);
    EXPECT_EQ(counters[3], 255);
    EXPECT_EQ(counters[4], 7);
    EXPECT_EQ(ticket, 0u);
}

TEST_F(Machine, ARecorderTakesWorkInsteadOfRunningIt) {
    std::vector<std::function<void()>> steps;
    std::vector<int> numbers(8, 0);
    simt::set_recorder([&](std::function<void()> step) { steps.push_back(std::move(step)); });
    UNMASK_LAUNCH(number_kernel, 2, 4, 0, nullptr, numbers.data());
    simt::enqueue([&] { numbers[0] += 10; });
    simt::set_recorder({});
    EXPECT_EQ(numbers, std::vector<int>(8, 0));
    ASSERT_EQ(steps.size(), 2u);
    for (int run = 1; run <= 2; ++run) {
        for (const auto& step : steps) step();
        EXPECT_EQ(numbers[0], 11 * run);
        EXPECT_EQ(numbers[7], run);
    }
}

}  // namespace
}  // namespace simt_test
