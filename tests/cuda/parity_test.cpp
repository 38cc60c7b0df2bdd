// SPDX-License-Identifier: Apache-2.0
// Parity cases on the emulated GPU: whole detectors, in float32 by the rule of tests/parity/README.md and in
// bf16 by bounds of its own.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/gpu/checks.h"

namespace unmask {
namespace {

void expect_parity(Precision precision, const char* filter) {
    const CheckResult result = check_parity({DeviceType::cuda, 0}, precision, UNMASK_PARITY_CASES, filter);
    std::cout << report(result);
    EXPECT_GT(result.cases, 0);
    EXPECT_TRUE(result.failures.empty());
}

// The checks that a GPU runs beside these.
TEST(EmulatedChecks, Input) {
    const CheckResult result = check_input({DeviceType::cuda, 0});
    EXPECT_TRUE(result.failures.empty()) << report(result);
}
TEST(EmulatedChecks, Optimizers) {
    const CheckResult result = check_optimizer({DeviceType::cuda, 0});
    EXPECT_TRUE(result.failures.empty()) << report(result);
}

TEST(EmulatedParity, Losses) {
    expect_parity(Precision::f32, "losses");
}
TEST(EmulatedParity, ResNet18WithSinkhornAndMixup) {
    expect_parity(Precision::f32, "resnet18_n2_sinkhorn_mixup");
}
TEST(EmulatedParity, EfficientNet) {
    expect_parity(Precision::f32, "efficientnet_b0_n2");
}
TEST(EmulatedParity, ResNet18InTf32) {
    expect_parity(Precision::tf32, "resnet18_n2.json");
}
TEST(EmulatedParity, ResNet18InBf16) {
    expect_parity(Precision::bf16, "resnet18_n2.json");
}

}  // namespace
}  // namespace unmask
