// SPDX-License-Identifier: Apache-2.0
// Which of cuDNN's engines the compute mode allows, for a GPU that is only described to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cuda/cudnn/plan.h"
#include "tests/cuda/described_gpu.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask::cudnn {
namespace {

#if CUDNN_VERSION >= 90800

// How the rules sift the engines that the heuristics know for one convolution.
class CudnnEngineRules : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string why = missing_feature(); !why.empty())
            GTEST_SKIP() << "cuDNN describes no device without a GPU: " << why;
    }
    // Engines of both heuristics with the note; all of them without one.
    static int count(ConvolutionKind kind, const EngineRules& rules,
                     std::optional<cudnnBackendNumericalNote_t> note = {}) {
        const Descriptor device = described_device(h200);
        const PlanTarget target{.device = &device};
        const Convolution problem{.kind = kind,
                                  .x = {8, 28, 28, 128},
                                  .weight = {128, 3, 3, 128},
                                  .y = {8, 28, 28, 128},
                                  .params = {.padding_before = {1, 1}, .padding_after = {1, 1}}};
        const OperationGraph graph = convolution_graph(target, problem);
        std::string refusal;
        int result = 0;
        for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
            for (const Descriptor& one : engine_configurations(target, graph, mode, rules, refusal)) {
                const auto engines =
                    one.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
                const auto notes = engines.front().values<cudnnBackendNumericalNote_t>(
                    CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
                result += !note || std::ranges::count(notes, *note) > 0;
            }
        return result;
    }
};

// Without the rules there are engines that narrow float32; with them there are fewer, and none of those
// remains.
TEST_F(CudnnEngineRules, FullFloat32LeavesOutTensorCores) {
    const auto forward = ConvolutionKind::forward;
    EXPECT_GT(count(forward, {.full_float32 = false}, CUDNN_NUMERICAL_NOTE_TENSOR_CORE), 0);
    EXPECT_EQ(count(forward, {.full_float32 = true}, CUDNN_NUMERICAL_NOTE_TENSOR_CORE), 0);
    EXPECT_GT(count(forward, {.full_float32 = true}), 0);
}

TEST_F(CudnnEngineRules, DeterministicLeavesOutEnginesThatRoundOtherwiseEachTime) {
    for (const auto kind : {ConvolutionKind::backward_data, ConvolutionKind::backward_weight}) {
        const EngineRules loose{.deterministic = false}, strict{.deterministic = true};
        EXPECT_GT(count(kind, loose, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC), 0);
        EXPECT_EQ(count(kind, strict, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC), 0);
        EXPECT_GT(count(kind, strict), 0);
    }
}

TEST_F(CudnnEngineRules, FollowTheComputeMode) {
    for (const bool deterministic : {false, true})
        for (const bool tf32 : {false, true}) {
            const ComputeModeScope mode({.tf32 = tf32, .deterministic = deterministic});
            const EngineRules f32 = EngineRules::of(DType::f32), bf16 = EngineRules::of(DType::bf16);
            EXPECT_EQ(f32.deterministic, deterministic);
            EXPECT_EQ(bf16.deterministic, deterministic);
            EXPECT_EQ(f32.full_float32, !tf32);
            EXPECT_TRUE(f32.float32);
            EXPECT_FALSE(bf16.full_float32);
            EXPECT_FALSE(bf16.float32);
        }
}

// What the heuristics would not take is refused when it is read back as a choice.
TEST_F(CudnnEngineRules, HoldForStoredChoicesToo) {
    const Descriptor device = described_device(h200);
    const PlanTarget target{.device = &device};
    const Convolution problem{.kind = ConvolutionKind::backward_weight,
                              .x = {8, 28, 28, 128},
                              .weight = {128, 3, 3, 128},
                              .y = {8, 28, 28, 128},
                              .params = {.padding_before = {1, 1}, .padding_after = {1, 1}}};
    const auto graph = std::make_shared<const OperationGraph>(convolution_graph(target, problem));
    const EngineRules loose{.deterministic = false, .full_float32 = false}, strict{};
    std::string refusal;
    int refused = 0;
    for (const Plan& plan :
         candidate_plans(target, graph, CUDNN_HEUR_MODE_A, loose, {.count = 64}, refusal)) {
        refusal.clear();
        if (make_plan(target, graph, plan.choice(), strict, refusal)) continue;
        EXPECT_NE(refusal.find("does not keep to the compute mode"), std::string::npos) << refusal;
        ++refused;
    }
    EXPECT_GT(refused, 0);
    EXPECT_FALSE(make_plan(target, graph, Choice{.engine = 1 << 20}, loose, refusal).has_value());
    EXPECT_FALSE(refusal.empty());
}

#else

TEST(CudnnEngineRules, NeedANewerCudnn) {
    GTEST_SKIP() << "devices are described to cuDNN from 9.8 on, found " << CUDNN_VERSION;
}

#endif

}  // namespace
}  // namespace unmask::cudnn
