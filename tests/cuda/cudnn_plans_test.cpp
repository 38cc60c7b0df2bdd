// SPDX-License-Identifier: Apache-2.0
// Plans for convolutions without a GPU: cuDNN makes them for a device that is only described, so that every
// attribute of our graphs, engines and knobs is checked by cuDNN itself on any machine. Engines that are
// compiled at run time are among them (fake_driver.h).
#include <cudnn_graph.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "cuda/cudnn/plan.h"
#include "tests/cuda/described_gpu.h"

namespace unmask::cudnn {
namespace {

#if CUDNN_VERSION >= 90800

struct Case {
    Shape x, weight;
    Conv2dParams params;
};

// The shapes of the models, and awkward ones: odd channels, asymmetric padding, rectangular kernels, groups.
std::vector<Case> cases() {
    return {
        {{64, 224, 224, 3},
         {64, 7, 7, 3},
         {.stride = {2, 2}, .padding_before = {3, 3}, .padding_after = {3, 3}}},
        {{64, 56, 56, 64}, {64, 3, 3, 64}, {.padding_before = {1, 1}, .padding_after = {1, 1}}},
        {{64, 56, 56, 64}, {128, 1, 1, 64}, {.stride = {2, 2}}},
        {{64, 112, 112, 16}, {96, 3, 3, 16}, {.stride = {2, 2}, .padding_after = {1, 1}}},
        {{64, 1, 1, 240}, {10, 1, 1, 240}, {}},
        {{2, 5, 7, 3}, {5, 3, 2, 3}, {.padding_before = {1, 1}}},
        {{4, 14, 14, 16},
         {16, 3, 3, 16},
         {.padding_before = {2, 2}, .padding_after = {2, 2}, .dilation = {2, 2}}},
        {{4, 9, 9, 12}, {8, 3, 3, 6}, {.padding_before = {1, 1}, .padding_after = {1, 1}, .groups = 2}},
        {{4, 14, 14, 32}, {32, 3, 3, 1}, {.padding_before = {1, 1}, .padding_after = {1, 1}, .groups = 32}},
    };
}

// As choose_plan asks for them.
std::vector<Plan> plans_of(const PlanTarget& target, const Convolution& problem, const EngineRules& rules,
                           const CandidateLimits& limits = {}) {
    const auto graph = std::make_shared<const OperationGraph>(convolution_graph(target, problem));
    std::string refusal;
    std::vector<Plan> plans;
    for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
        if (plans.empty()) plans = candidate_plans(target, graph, mode, rules, limits, refusal);
    EXPECT_FALSE(plans.empty()) << problem.str() << ": " << refusal;
    return plans;
}

bool has_note(const PlanTarget& target, const Convolution& problem, int64_t engine,
              cudnnBackendNumericalNote_t note) {
    const OperationGraph graph = convolution_graph(target, problem);
    Descriptor descriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    descriptor.set_descriptor(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph.graph);
    descriptor.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, engine);
    descriptor.set_descriptor(CUDNN_ATTR_ENGINE_DEVICEPROP, *target.device);
    descriptor.finalize();
    const auto notes = descriptor.values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                                      CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
    return std::ranges::find(notes, note) != notes.end();
}

class CudnnPlans : public testing::TestWithParam<std::tuple<Gpu, ConvolutionKind, DType, bool>> {
  protected:
    void SetUp() override {
        if (const std::string why = missing_feature(); !why.empty())
            GTEST_SKIP() << "cuDNN describes no device without a GPU: " << why;
    }
    // How many there are.
    static size_t expect_plans(const PlanTarget& target, const Convolution& problem,
                               const EngineRules& rules) {
        SCOPED_TRACE(problem.str());
        const auto graph = std::make_shared<const OperationGraph>(convolution_graph(target, problem));
        std::string refusal;
        const auto plans = plans_of(target, problem, rules);
        for (const Plan& plan : plans) {
            const auto again = make_plan(target, graph, plan.choice(), rules, refusal);
            if (!again) {
                ADD_FAILURE() << refusal;
                continue;
            }
            EXPECT_EQ(again->choice(), plan.choice());
            EXPECT_EQ(again->workspace_bytes(), plan.workspace_bytes());
        }
        return plans.size();
    }
};

TEST_P(CudnnPlans, EveryConvolutionHasPlansThatAreFoundAgainByTheirChoice) {
    const auto& [gpu, kind, dtype, tf32] = GetParam();
    const Descriptor device = described_device(gpu);
    const PlanTarget target{.device = &device};
    const bool float32 = dtype == DType::f32;
    const EngineRules rules{.deterministic = true, .full_float32 = float32 && !tf32, .float32 = float32};
    for (const Case& one : cases()) {
        Convolution problem{.kind = kind,
                            .dtype = dtype,
                            .x = one.x,
                            .weight = one.weight,
                            .y = conv2d_shape(one.x, one.weight, one.params),
                            .params = one.params};
        const size_t plans = expect_plans(target, problem, rules);
        if (kind != ConvolutionKind::backward_data) continue;
        problem.accumulate = true;
        EXPECT_EQ(expect_plans(target, problem, rules), plans);
    }
}

// Of one GPU and dtype.
class CudnnTensorCores : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string why = missing_feature(); !why.empty())
            GTEST_SKIP() << "cuDNN describes no device without a GPU: " << why;
    }
};

// Epilogues are for the forward direction.
class CudnnEpilogues : public CudnnPlans {};

TEST_P(CudnnEpilogues, BiasResidualAndReluAreFused) {
    const auto& [gpu, kind, dtype, tf32] = GetParam();
    const Descriptor device = described_device(gpu);
    const PlanTarget target{.device = &device};
    const bool float32 = dtype == DType::f32;
    const EngineRules rules{.deterministic = true, .full_float32 = float32 && !tf32, .float32 = float32};
    Convolution problem{
        .kind = kind,
        .dtype = dtype,
        .x = {8, 28, 28, 128},
        .weight = {128, 3, 3, 128},
        .y = {8, 28, 28, 128},
        .params = {.padding_before = {1, 1}, .padding_after = {1, 1}, .activation = Activation::relu},
        .bias = true};
    for (const bool residual : {false, true}) {
        problem.residual = residual;
        static_cast<void>(plans_of(target, problem, rules));
    }
}

// Of convolutions of resnet34 in bf16. What is taken without timing computes on tensor cores; images with
// zeros up to eight channels need no padded copy in a workspace; one engine does not keep the others from
// being timed.
TEST_F(CudnnTensorCores, ServeResnetInBf16) {
    const Descriptor device = described_device(h200);
    const PlanTarget target{.device = &device};
    const EngineRules rules{.full_float32 = false, .float32 = false};
    const Conv2dParams same{.padding_before = {1, 1}, .padding_after = {1, 1}};
    const Conv2dParams stem{.stride = {2, 2}, .padding_before = {3, 3}, .padding_after = {3, 3}};
    const Case some[] = {{{256, 224, 224, 8}, {256, 7, 7, 8}, stem},
                         {{256, 56, 56, 64}, {64, 3, 3, 64}, same},
                         {{64, 56, 56, 64}, {128, 1, 1, 64}, {.stride = {2, 2}}},
                         {{1, 7, 7, 512}, {512, 3, 3, 512}, same}};
    for (const Case& one : some)
        for (const auto kind :
             {ConvolutionKind::forward, ConvolutionKind::backward_data, ConvolutionKind::backward_weight}) {
            const Convolution problem{.kind = kind,
                                      .dtype = DType::bf16,
                                      .x = one.x,
                                      .weight = one.weight,
                                      .y = conv2d_shape(one.x, one.weight, one.params),
                                      .params = one.params};
            SCOPED_TRACE(problem.str());
            const auto first =
                plans_of(target, problem, rules, {.count = 4, .of_engine = 0, .tensor_cores_first = true});
            EXPECT_TRUE(
                has_note(target, problem, first.front().choice().engine, CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
            if (kind == ConvolutionKind::forward) {
                EXPECT_LT(first.front().workspace_bytes(), size_t{8} << 20);
            }
            std::set<int64_t> engines, all;
            for (const Plan& plan : plans_of(target, problem, rules)) engines.insert(plan.choice().engine);
            for (const Plan& plan : plans_of(target, problem, rules, {.count = 64}))
                all.insert(plan.choice().engine);
            EXPECT_EQ(engines, all);
        }
}

const auto gpus = testing::Values(h200, a100);
const auto dtypes = testing::Values(DType::bf16, DType::f32);
INSTANTIATE_TEST_SUITE_P(AllKinds, CudnnPlans,
                         testing::Combine(gpus,
                                          testing::Values(ConvolutionKind::forward,
                                                          ConvolutionKind::backward_data,
                                                          ConvolutionKind::backward_weight),
                                          dtypes, testing::Bool()));
INSTANTIATE_TEST_SUITE_P(Forward, CudnnEpilogues,
                         testing::Combine(gpus, testing::Values(ConvolutionKind::forward), dtypes,
                                          testing::Bool()));

#else

TEST(CudnnPlans, NeedANewerCudnn) {
    GTEST_SKIP() << "devices are described to cuDNN from 9.8 on, found " << CUDNN_VERSION;
}

#endif

}  // namespace
}  // namespace unmask::cudnn
