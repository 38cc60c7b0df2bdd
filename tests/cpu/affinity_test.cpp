// SPDX-License-Identifier: Apache-2.0
#include "cpu/affinity.h"

#include <gtest/gtest.h>

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

TEST(Affinity, WhatStartedThisProcessMayRunOnAsManyCpus) {
    EXPECT_EQ(launcher_cpus(), int(usable_cpus().size())) << "as nothing in between narrowed them";
}

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
