// SPDX-License-Identifier: Apache-2.0
#include "data/on_threads.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// As mpirun and taskset bind a process.
TEST(OnThreads, TakesTheCoresThatTheProcessMayRunOn) {
    for (const char* variable : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"})
        if (std::getenv(variable) != nullptr) GTEST_SKIP() << variable << " says where threads run";
    cpu_set_t before, one;
    ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
        if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
    const int bound = threads_or_cores(0);
    ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
    EXPECT_EQ(bound, 1);
    EXPECT_EQ(threads_or_cores(0), CPU_COUNT(&before));
}

TEST(OnThreads, DoesEveryPieceOnceWhateverTheThreads) {
    EXPECT_EQ(threads_or_cores(3), 3);
    EXPECT_GE(threads_or_cores(0), 1);
    for (const int threads : {1, 3, 50}) {
        std::vector<std::atomic<int>> done(20);
        std::atomic<int> made{0};
        on_threads(threads, done.size(), [&] {
            ++made;
            return [&](size_t piece) { ++done[piece]; };
        });
        for (const auto& count : done) EXPECT_EQ(count, 1);
        EXPECT_EQ(made, std::min(threads, 20));
    }
    on_threads(4, 0, []() -> PieceOfWork { fail("expected no thread for no work"); });
}

TEST(OnThreads, ThrowsTheFirstFailureInOrderAndBeginsNothingMore) {
    // Two threads fail at once, the second piece first.
    std::barrier both(2);
    std::atomic<bool> second_failed{false};
    std::atomic<int> begun{0};
    expect_error(
        [&] {
            on_threads(2, 100, [&] {
                return [&](size_t piece) {
                    ++begun;
                    both.arrive_and_wait();
                    if (piece == 0) second_failed.wait(false);
                    struct Told {
                        std::atomic<bool>& flag;
                        ~Told() {
                            flag = true;
                            flag.notify_all();
                        }
                    } told{second_failed};
                    fail("piece {} failed", piece);
                };
            });
        },
        {"piece 0 failed"});
    EXPECT_EQ(begun, 2);
    // A thread that lives on begins nothing either.
    begun = 0;
    std::barrier started(2);
    expect_error(
        [&] {
            on_threads(2, 100, [&] {
                return [&](size_t piece) {
                    ++begun;
                    if (piece < 2) started.arrive_and_wait();
                    if (piece == 0) fail("piece 0 failed");
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                };
            });
        },
        {"piece 0 failed"});
    EXPECT_LT(begun, 100);
    expect_error([] { on_threads(2, 5, []() -> PieceOfWork { fail("no detector"); }); }, {"no detector"});
}

}  // namespace
}  // namespace unmask
