// SPDX-License-Identifier: Apache-2.0
// The checks of checks.h on this machine's GPU, where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "engine/context.h"
#include "engine/error.h"
#include "tests/gpu/checks.h"
#include "tests/support/op_cases.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

// Why there is no GPU; empty where there is one.
std::string missing_gpu() {
    try {
        static_cast<void>(context_of(gpu));
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

void expect_passed(const CheckResult& result) {
    std::cout << report(result);
    EXPECT_GT(result.cases, 0);
    EXPECT_TRUE(result.failures.empty());
}

TEST(Gpu, OpCasesAgreeWithTheCpu) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: "
                     << 2 * op_cases().size() +
                            static_cast<size_t>(std::ranges::count_if(op_cases(), runs_in_bf16))
                     << " cases not run (" << why << ")";
    expect_passed(check_op_cases(gpu, Precision::f32));
    expect_passed(check_op_cases(gpu, Precision::tf32));
    expect_passed(check_op_cases(gpu, Precision::bf16));
}

TEST(Gpu, ParityCasesHold) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: the parity cases not run (" << why << ")";
    expect_passed(check_parity(gpu, Precision::f32, UNMASK_PARITY_CASES));
    expect_passed(check_parity(gpu, Precision::tf32, UNMASK_PARITY_CASES));
    expect_passed(check_parity(gpu, Precision::bf16, UNMASK_PARITY_CASES));
}

TEST(Gpu, TrainingHasTheSameBytesTwiceAndAsAGraph) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: determinism not checked (" << why << ")";
    expect_passed(check_determinism(gpu, "resnet18", 20));
}

}  // namespace
}  // namespace unmask
