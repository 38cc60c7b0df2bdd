// SPDX-License-Identifier: Apache-2.0
// Engines that cuDNN compiles when a plan is built, for GPUs that are only described to it: which
// convolutions they are taken for, how many are compiled, and that what is compiled adds in a fixed order.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cuda/cudnn/plan_choice.h"
#include "tests/cuda/described_gpu.h"
#include "tests/cuda/fake_driver.h"
#include "tests/support/file_bytes.h"

namespace unmask::cudnn {
namespace {

using fake_driver::kernels_of;
using fake_driver::take_loaded;

TEST(FakeDriver, TellsSumsByAtomicsFromOtherWork) {
    for (const char* image : {UNMASK_ATOMICS_SM80, UNMASK_ATOMICS_SM90}) {
        SCOPED_TRACE(image);
        std::vector<std::string> adding, others;
        for (const fake_driver::Kernel& kernel : kernels_of(bytes_of(image).data()))
            (kernel.adds_atomically ? adding : others).push_back(kernel.name);
        std::ranges::sort(adding);
        std::ranges::sort(others);
        EXPECT_EQ(adding, (std::vector<std::string>{"adds", "adds_and_reads", "adds_doubles"}));
        EXPECT_EQ(others, (std::vector<std::string>{"counts", "stores"}));
    }
}

#if CUDNN_VERSION >= 90800

class CudnnCompiledEngines : public testing::TestWithParam<Gpu> {
  protected:
    void SetUp() override {
        if (const std::string why = missing_feature(); !why.empty())
            GTEST_SKIP() << "cuDNN describes no device without a GPU: " << why;
        device_ = described_device(GetParam());
        static_cast<void>(take_loaded());
    }
    [[nodiscard]] PlanTarget target() const { return {.device = &device_}; }
    // y = SiLU(conv(x) + bias [+ residual]): an epilogue that no engine has ready.
    static Convolution with_silu(DType dtype, bool residual = false) {
        return {.dtype = dtype,
                .x = {8, 28, 28, 128},
                .weight = {64, 1, 1, 128},
                .y = {8, 28, 28, 64},
                .params = {.activation = Activation::silu},
                .bias = true,
                .residual = residual};
    }
    static EngineRules rules_of(DType dtype) {
        return {.full_float32 = dtype == DType::f32, .float32 = dtype == DType::f32};
    }
    [[nodiscard]] std::vector<Plan> plans_of(const Convolution& problem, const EngineRules& rules,
                                             const CandidateLimits& limits = {}) const {
        const auto graph = std::make_shared<const OperationGraph>(convolution_graph(target(), problem));
        std::string refusal;
        auto plans = candidate_plans(target(), graph, CUDNN_HEUR_MODE_A, rules, limits, refusal);
        if (plans.empty())
            plans = candidate_plans(target(), graph, CUDNN_HEUR_MODE_FALLBACK, rules, limits, refusal);
        if (plans.empty()) ADD_FAILURE() << problem.str() << ": " << refusal;
        return plans;
    }

    Descriptor device_;
};

TEST_P(CudnnCompiledEngines, FuseSiluInBf16) {
    for (const bool residual : {false, true}) {
        const Convolution problem = with_silu(DType::bf16, residual);
        SCOPED_TRACE(problem.str());
        const auto plans = plans_of(problem, rules_of(DType::bf16));
        EXPECT_GE(plans.size(), 2u);
        EXPECT_EQ(take_loaded().size(), plans.size());
    }
}

TEST_P(CudnnCompiledEngines, AreAsManyAsTheLimit) {
    for (const size_t limit : {size_t{1}, size_t{2}}) {
        EXPECT_EQ(
            plans_of(with_silu(DType::bf16), rules_of(DType::bf16), {.count = 64, .compiled = limit}).size(),
            limit);
        EXPECT_EQ(take_loaded().size(), limit);
    }
}

// What is timed may choose one; without timing the epilogue follows by a kernel of our own, and why is said.
TEST_P(CudnnCompiledEngines, AreLeftOutWhereNothingIsTimedAndAnEpilogueCanFollow) {
    Choices choices({CUDNN_VERSION, std::string(GetParam().name)});
    const auto first = [](std::vector<Plan>& candidates, std::string&) {
        return Fastest{.plan = &candidates.front()};
    };
    const ChosenPlan chosen = choose_plan(target(), with_silu(DType::bf16), rules_of(DType::bf16), "name",
                                          choices, false, {}, first);
    EXPECT_EQ(chosen.plan, nullptr);
    EXPECT_NE(chosen.refusal.find("all of which would have to be compiled"), std::string::npos)
        << chosen.refusal;
    EXPECT_TRUE(take_loaded().empty());
    EXPECT_NE(
        choose_plan(target(), with_silu(DType::bf16), rules_of(DType::bf16), "name", choices, true, {}, first)
            .plan,
        nullptr);
    EXPECT_FALSE(take_loaded().empty());
}

// cuDNN's notes are all that the rules go by, and an engine whose sums are atomics need not have one.
TEST_P(CudnnCompiledEngines, AddInAFixedOrderWhereThatIsAskedFor) {
    std::vector<Convolution> problems{with_silu(DType::bf16), with_silu(DType::bf16, true)};
    const Conv2dParams same{.padding_before = {1, 1}, .padding_after = {1, 1}};
    Conv2dParams each = same, four = same;
    each.groups = 32;
    four.groups = 4;
    for (const auto kind :
         {ConvolutionKind::forward, ConvolutionKind::backward_data, ConvolutionKind::backward_weight})
        for (const DType dtype : {DType::bf16, DType::f32}) {
            const auto add = [&](const Shape& x, const Shape& weight, const Conv2dParams& params) {
                problems.push_back({.kind = kind,
                                    .dtype = dtype,
                                    .x = x,
                                    .weight = weight,
                                    .y = conv2d_shape(x, weight, params),
                                    .params = params});
            };
            add({64, 56, 56, 64}, {64, 3, 3, 64}, same);
            add({64, 224, 224, 3}, {64, 7, 7, 3}, same);
            add({2, 5, 7, 3}, {5, 3, 2, 3}, {.padding_before = {1, 1}});
            add({4, 14, 14, 32}, {32, 3, 3, 8}, four);
            add({4, 14, 14, 32}, {32, 3, 3, 1}, each);
        }
    size_t kernels = 0;
    for (const Convolution& problem : problems) {
        SCOPED_TRACE(problem.str());
        static_cast<void>(plans_of(problem, rules_of(problem.dtype), {.count = 64, .compiled = 6}));
        for (const fake_driver::Kernel& kernel : take_loaded()) {
            EXPECT_FALSE(kernel.adds_atomically) << kernel.name;
            ++kernels;
        }
    }
    EXPECT_GT(kernels, 10u);
}

INSTANTIATE_TEST_SUITE_P(All, CudnnCompiledEngines, testing::Values(h200, a100));

#else

TEST(CudnnCompiledEngines, NeedANewerCudnn) {
    GTEST_SKIP() << "devices are described to cuDNN from 9.8 on, found " << CUDNN_VERSION;
}

#endif

}  // namespace
}  // namespace unmask::cudnn
