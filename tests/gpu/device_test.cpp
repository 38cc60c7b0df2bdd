// SPDX-License-Identifier: Apache-2.0
// The checks of checks.h on this machine's GPU, where there is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
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

TEST(Gpu, InputOptimizersAndIntegersAgreeWithTheCpu) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: "
                     << check_input(cpu_device).cases + check_optimizer(cpu_device).cases +
                            check_integers(cpu_device).cases
                     << " cases not run (" << why << ")";
    expect_passed(check_input(gpu));
    expect_passed(check_optimizer(gpu));
    expect_passed(check_integers(gpu));
}

TEST(Gpu, ConvolutionsByTimedAlgorithmsAgree) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: " << check_convolutions(cpu_device, 1).cases << " cases not run (" << why
                     << ")";
    expect_passed(check_convolutions(gpu, 64));
}

int parity_cases() {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(UNMASK_PARITY_CASES))
        count += entry.path().extension() == ".json" ? 1 : 0;
    return count;
}

TEST(Gpu, ParityCasesHold) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: " << 3 * parity_cases() << " cases not run (" << why << ")";
    expect_passed(check_parity(gpu, Precision::f32, UNMASK_PARITY_CASES));
    expect_passed(check_parity(gpu, Precision::tf32, UNMASK_PARITY_CASES));
    expect_passed(check_parity(gpu, Precision::bf16, UNMASK_PARITY_CASES));
}

TEST(Gpu, APassInLowerPrecisionStaysNearFloat32) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: 2 passes not run (" << why << ")";
    for (const Precision precision : {Precision::tf32, Precision::bf16})
        expect_passed(check_rounding(gpu, precision));
}

TEST(Gpu, TrainingHasTheSameBytesTwiceAndAsAGraph) {
    if (const std::string why = missing_gpu(); !why.empty())
        GTEST_SKIP() << "no GPU: " << determinism_cases << " cases not run (" << why << ")";
    const CheckResult result = check_determinism(gpu, "resnet18", 20);
    expect_passed(result);
    EXPECT_EQ(result.cases, determinism_cases);
}

}  // namespace
}  // namespace unmask
