// SPDX-License-Identifier: Apache-2.0
// Planted data races between launches, copies and libraries' calls of different chains. This file is compiled
// as watched code (races.h).
#include <functional>
#include <vector>

#include "tests/simt/races_fixture.h"

namespace simt_test {
namespace {

__global__ void write_kernel(float* values) {
    values[threadIdx.x] = 1.0f;
}
__global__ void copy_kernel(const float* values, float* out) {
    out[threadIdx.x] = values[threadIdx.x ^ 1u];
}

class Chained : public Watched {
  protected:
    ~Chained() override { simt::use_chain(-1); }
    float values[32] = {}, out[2][32] = {};
    void write(int chain) {
        simt::use_chain(chain);
        UNMASK_LAUNCH(write_kernel, 1, 32, 0, nullptr, values);
    }
    void copy(int chain) {
        simt::use_chain(chain);
        UNMASK_LAUNCH(copy_kernel, 1, 32, 0, nullptr, values, out[chain & 1]);
    }
};

TEST_F(Chained, LaunchesOfOneChainAreOrdered) {
    expect_none([&] {
        write(-1);
        copy(-1);
        simt::fork();
        write(1);
        copy(1);
        write(-1);  // joined
        simt::fork();
        copy(0);
        copy(1);
        write(-1);
    });
}

TEST_F(Chained, ThoseOfTwoAreNot) {
    expect_race(
        [&] {
            simt::fork();
            write(0);
            copy(1);
        },
        {"copy_kernel", "reads 4 bytes of global memory that chain 0 has written"});
    expect_race(
        [&] {
            simt::fork();
            copy(0);
            copy(1);
            write(1);
        },
        {"write_kernel", "several chains have read"});
    expect_race(
        [&] {
            simt::fork();
            write(0);
            write(1);
        },
        {"write_kernel", "chain 0 has written"});
    // A fork of its own orders what came before it.
    expect_none([&] {
        simt::fork();
        write(0);
        simt::use_chain(-1);
        simt::fork();
        copy(1);
    });
}

__global__ void count_kernel(float* count, bool look, float* out) {
    atomicAdd(count, 1.0f);
    if (look) *out = *count;
}

// A chain's atomic is not ordered behind another chain's by being made later.
TEST_F(Chained, AnAtomicHidesNoneOfAnotherChain) {
    const auto count = [&](int chain, bool look) {
        simt::use_chain(chain);
        UNMASK_LAUNCH(count_kernel, 1, 1, 0, nullptr, values, look, out[0]);
    };
    expect_none([&] {
        simt::fork();
        count(0, false);
        count(1, false);
    });
    expect_race(
        [&] {
            simt::fork();
            count(0, false);
            count(1, true);
        },
        {"count_kernel", "several chains have written"});
}

TEST_F(Chained, CopiesAndCallsOfLibrariesCountToo) {
    const auto in_chain = [&](int chain, void (*access)(const void*, size_t)) {
        simt::use_chain(chain);
        simt::enqueue([this, access] { access(values, sizeof values); });
    };
    expect_race(
        [&] {
            simt::fork();
            in_chain(0, simt::writes);
            in_chain(1, simt::reads);
        },
        {"a copy or a library's call reads memory that chain 0 has written"});
    expect_race(
        [&] {
            simt::fork();
            in_chain(0, simt::reads);
            write(1);
        },
        {"write_kernel", "that chain 0 has read"});
    expect_none([&] {
        simt::fork();
        in_chain(0, simt::writes);
        copy(0);
        in_chain(1, [](const void*, size_t) {});
    });
}

TEST_F(Chained, RecordedWorkRacesWithinARunAndNotWithTheRunBefore) {
    std::vector<std::function<void()>> steps;
    const auto record = [&](auto&& work) {
        steps.clear();
        simt::set_recorder([&](std::function<void()> step) { steps.push_back(std::move(step)); });
        simt::fork();
        work();
        simt::use_chain(-1);
        simt::set_recorder({});
    };
    const auto replay = [&] {
        simt::begin_replay();
        for (const auto& step : steps) step();
    };
    record([&] {
        copy(0);
        copy(1);
    });
    expect_none([&] {
        replay();
        replay();
    });
    record([&] { write(1); });
    expect_none([&] {
        replay();
        replay();
    });
    record([&] {
        copy(0);
        write(1);
    });
    expect_race(replay, {"write_kernel", "chain 0 has read"});
}

TEST_F(Chained, MemoryThatIsHandedOutAnewHasNoPast) {
    expect_none([&] {
        simt::fork();
        write(0);
        simt::forget_accesses(values, sizeof values);
        copy(1);
    });
}

}  // namespace
}  // namespace simt_test
