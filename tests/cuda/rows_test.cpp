// SPDX-License-Identifier: Apache-2.0
// Every row of the op-case table on the emulated GPU, where the handwritten kernels of cuda/ run: against the
// CPU's float64, in float32, TF32 and bf16, and with the same bytes whatever the order of threads and blocks.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cuda/kernel_coverage.h"
#include "tests/gpu/checks.h"
#include "tests/simt/machine.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/op_cases.h"

namespace unmask {

void PrintTo(const OpCase& op_case, std::ostream* stream) {
    *stream << op_case.name;
}

namespace {

constexpr Device gpu{DeviceType::cuda, 0};

// Those of augmented input are cuda_augment_test's.
const testing::Environment* const coverage = testing::AddGlobalTestEnvironment(
    new KernelCoverage([](const std::string& file) { return !file.starts_with("augment"); }));

class Kernels : public testing::TestWithParam<OpCase> {
  protected:
    ~Kernels() override { simt::set_order(simt::Order::forward); }
};

INSTANTIATE_TEST_SUITE_P(Table, Kernels, testing::ValuesIn(op_cases()),
                         [](const auto& info) { return info.param.name; });

void expect_close(const OpCase& op_case, const Evaluation& found, const Evaluation& expected,
                  double forward_bound, double gradient_bound) {
    const Difference forward = difference(found.y, expected.y);
    EXPECT_LE(forward.relative, forward_bound) << "largest " << forward.largest;
    for (size_t i = 0; i < op_case.inputs.size(); ++i) {
        ASSERT_EQ(found.gradients[i].defined(), expected.gradients[i].defined()) << op_case.inputs[i].name;
        if (!found.gradients[i].defined()) continue;
        const Difference gradient = difference(found.gradients[i], expected.gradients[i]);
        EXPECT_LE(gradient.relative, gradient_bound)
            << "gradient of " << op_case.inputs[i].name << ", largest " << gradient.largest;
    }
}

TEST_P(Kernels, Float32AgreesWithFloat64OfTheCpu) {
    const OpCase& op_case = GetParam();
    expect_close(op_case, evaluate(op_case, DType::f32, gpu), evaluate(op_case, DType::f64),
                 op_case.bounds.forward, op_case.bounds.gradient);
}

void expect_same_bytes(const OpCase& op_case, const Evaluation& found, const Evaluation& expected) {
    EXPECT_TRUE(same_bytes(found.y, expected.y));
    for (size_t i = 0; i < op_case.inputs.size(); ++i)
        if (expected.gradients[i].defined()) {
            EXPECT_TRUE(same_bytes(found.gradients[i], expected.gradients[i])) << op_case.inputs[i].name;
        }
}

TEST_P(Kernels, SameBytesInAnyOrderOfThreads) {
    const OpCase& op_case = GetParam();
    const Evaluation forward = evaluate(op_case, DType::f32, gpu);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        simt::set_order(order);
        expect_same_bytes(op_case, evaluate(op_case, DType::f32, gpu), forward);
    }
}

// ---- TF32: the libraries' products ----

class Tf32Kernels : public Kernels {};

std::vector<OpCase> products() {
    std::vector<OpCase> result;
    for (const OpCase& op_case : op_cases())
        for (const char* kind : {"conv2d", "matmul", "linear"})
            if (op_case.op.find(kind) != std::string::npos) {
                result.push_back(op_case);
                break;
            }
    return result;
}

INSTANTIATE_TEST_SUITE_P(Table, Tf32Kernels, testing::ValuesIn(products()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Tf32Kernels, AgreesWithFloat64OfTheCpu) {
    const OpCase& op_case = GetParam();
    const Evaluation expected = evaluate(op_case, DType::f64);
    const ComputeModeScope mode({.tf32 = true});
    expect_close(op_case, evaluate(op_case, DType::f32, gpu), expected,
                 std::max(op_case.bounds.forward, tf32_op_bound),
                 std::max(op_case.bounds.gradient, tf32_op_bound));
}

// ---- bf16 ----

class Bf16Kernels : public Kernels {};

std::vector<OpCase> bf16_cases() {
    std::vector<OpCase> result;
    for (const OpCase& op_case : op_cases())
        if (runs_in_bf16(op_case)) result.push_back(op_case);
    return result;
}

INSTANTIATE_TEST_SUITE_P(Table, Bf16Kernels, testing::ValuesIn(bf16_cases()),
                         [](const auto& info) { return info.param.name; });

TEST_P(Bf16Kernels, AgreesWithFloat64OfTheCpuOnTheSameInputs) {
    const OpCase& op_case = GetParam();
    expect_close(op_case, evaluate_rounded(op_case, DType::bf16, gpu),
                 evaluate_rounded(op_case, DType::f64, cpu_device), bf16_op_bound, bf16_op_bound);
}

TEST_P(Bf16Kernels, SameBytesInAnyOrderOfThreads) {
    const OpCase& op_case = GetParam();
    const Evaluation forward = evaluate_rounded(op_case, DType::bf16, gpu);
    for (const simt::Order order : {simt::Order::reversed, simt::Order::shuffled}) {
        simt::set_order(order);
        expect_same_bytes(op_case, evaluate_rounded(op_case, DType::bf16, gpu), forward);
    }
}

}  // namespace
}  // namespace unmask
