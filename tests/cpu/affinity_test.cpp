// SPDX-License-Identifier: Apache-2.0
#include "cpu/affinity.h"

#include <gtest/gtest.h>
#ifdef __linux__
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <numeric>

namespace unmask {
namespace {

TEST(Affinity, ThereIsACpuToRunOn) {
    const std::vector<int> cpus = usable_cpus();
    ASSERT_FALSE(cpus.empty());
    EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.end()));
    EXPECT_GE(cpus.front(), 0);
}

#ifdef __linux__
// A child that narrows its own mask, as mpirun does to a rank, was started by this process, which keeps its
// own.
TEST(Affinity, ALaunchersCpusAreNotThoseOfTheProcessThatItBinds) {
    cpu_set_t own;
    ASSERT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
    int first = 0;
    while (!CPU_ISSET(first, &own)) ++first;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        const bool narrowed = ::sched_setaffinity(0, sizeof one, &one) == 0;
        ::_exit(narrowed && launcher_cpus() == CPU_COUNT(&own) ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}
#endif

TEST(Affinity, ProcessesShareTheCpusThatSeveralMayRunOn) {
    std::vector<int> own(10);
    std::iota(own.begin(), own.end(), 2);
    const auto share = [&own](int users) { return cpu_share(own, std::vector(12, users)); };
    EXPECT_EQ(share(1), 10) << "bound to CPUs of their own, they share nothing";
    EXPECT_EQ(share(2), 5);
    EXPECT_EQ(share(3), 3);
    EXPECT_EQ(share(10), 1);
    EXPECT_EQ(share(30), 1) << "a process has a thread";
    EXPECT_EQ(cpu_share(std::vector{0, 1, 2}, std::vector{1, 2, 2}), 2);
}

}  // namespace
}  // namespace unmask
