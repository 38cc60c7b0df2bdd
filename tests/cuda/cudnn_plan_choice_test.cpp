// SPDX-License-Identifier: Apache-2.0
// A run's kept choice is taken instead of timing, and what cuDNN refuses is an answer, so that the
// convolution goes on without its epilogue: for a GPU that is only described to cuDNN.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "cuda/cudnn/plan_choice.h"
#include "engine/error.h"
#include "tests/cuda/described_gpu.h"

namespace unmask::cudnn {
namespace {

TEST(ShortestOf, TakesAllRoundsUnlessOneIsHopeless) {
    constexpr double none = std::numeric_limits<double>::infinity();
    int rounds = 0;
    const auto measured = [&](double best, std::vector<double> times) {
        rounds = 0;
        return shortest_of(int(times.size()), best, [&] { return std::optional(times[size_t(rounds++)]); });
    };
    EXPECT_EQ(measured(none, {5.0, 4.0}), 4.0);  // the first candidate
    EXPECT_EQ(rounds, 2);
    EXPECT_EQ(measured(4.0, {5.0, 3.0}), 3.0);
    EXPECT_EQ(rounds, 2);
    EXPECT_EQ(measured(4.0, {7.0, 3.0}), 7.0);
    EXPECT_EQ(rounds, 1);
    EXPECT_EQ(shortest_of(2, none, [] { return std::optional<double>(); }), std::nullopt);
}

#if CUDNN_VERSION >= 90800

class CudnnPlanChoice : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string why = missing_feature(); !why.empty())
            GTEST_SKIP() << "cuDNN describes no device without a GPU: " << why;
        device_.emplace(described_device(h200));
    }
    static Convolution plain_problem() {
        return {.dtype = DType::bf16,
                .x = {8, 28, 28, 128},
                .weight = {128, 3, 3, 128},
                .y = {8, 28, 28, 128},
                .params = {.padding_before = {1, 1}, .padding_after = {1, 1}}};
    }
    ChosenPlan choose(const ChooseFastest& fastest, const Convolution& problem = plain_problem(),
                      bool timed = true, std::span<const Choice> alternatives = {}) {
        return choose_plan({.device = &*device_}, problem, {.full_float32 = false, .float32 = false}, "name",
                           *choices_, timed, alternatives, fastest);
    }
    static Fastest first(std::vector<Plan>& candidates, std::string&) {
        return {.plan = &candidates.front()};
    }
    // Calls the last of them the fastest, which the heuristics do not.
    static Fastest last(std::vector<Plan>& candidates, std::string&) {
        EXPECT_GT(candidates.size(), 1u);
        EXPECT_NE(candidates.back().choice(), candidates.front().choice());
        return {.plan = &candidates.back(), .microseconds = 12.5};
    }
    static Fastest unexpected(std::vector<Plan>&, std::string&) {
        ADD_FAILURE() << "the choice was known";
        return {};
    }
    std::optional<Descriptor> device_;
    static constexpr size_t version = CUDNN_VERSION;
    std::unique_ptr<Choices> choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
};

TEST_F(CudnnPlanChoice, TheFastestIsStoredAndTakenAgainWithoutTiming) {
    const ChosenPlan first = choose(last);
    ASSERT_NE(first.plan, nullptr) << first.refusal;
    EXPECT_EQ(choices_->find("name"), (TimedChoice{first.plan->choice(), 12.5}));
    const std::string kept = choices_->json();
    choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
    EXPECT_EQ(choices_->add(kept), "");
    const ChosenPlan again = choose(unexpected);
    ASSERT_NE(again.plan, nullptr) << again.refusal;
    EXPECT_EQ(again.plan->choice(), first.plan->choice());
    EXPECT_EQ(choices_->json(), kept);
}

TEST_F(CudnnPlanChoice, AChoiceThatNoEngineTakesIsMadeAnew) {
    choices_->store("name", {{.engine = 1 << 20, .knobs = {}}, 1.0});
    const ChosenPlan chosen = choose(last);
    ASSERT_NE(chosen.plan, nullptr) << chosen.refusal;
    EXPECT_EQ(choices_->find("name"), (TimedChoice{chosen.plan->choice(), 12.5}));
}

TEST_F(CudnnPlanChoice, WhereNoneRunsNothingIsStored) {
    int lists = 0;
    const ChosenPlan chosen = choose([&](std::vector<Plan>&, std::string& refusal) {
        ++lists;
        refusal = "none runs";
        return Fastest{};
    });
    EXPECT_EQ(lists, 2);  // the heuristic's and the fallback
    EXPECT_EQ(chosen.plan, nullptr);
    EXPECT_EQ(chosen.refusal, "none runs");
    EXPECT_FALSE(choices_->find("name").has_value());
}

TEST_F(CudnnPlanChoice, WhereNoneOfTheHeuristicsRunsTheFallbackListIsTried) {
    int lists = 0;
    const ChosenPlan chosen = choose([&](std::vector<Plan>& candidates, std::string& refusal) {
        return ++lists == 1 ? Fastest{} : first(candidates, refusal);
    });
    EXPECT_EQ(lists, 2);
    ASSERT_NE(chosen.plan, nullptr) << chosen.refusal;
    EXPECT_EQ(choices_->find("name"), (TimedChoice{chosen.plan->choice(), 0.0}));
}

TEST_F(CudnnPlanChoice, WithoutTimingPlansAreMadeUntilOneRuns) {
    std::vector<size_t> sizes;
    ChosenPlan chosen = choose(
        [&](std::vector<Plan>& candidates, std::string&) {
            sizes.push_back(candidates.size());
            return Fastest{.plan = sizes.size() == 1 ? nullptr : &candidates.back()};
        },
        plain_problem(), false);
    EXPECT_EQ(sizes, (std::vector<size_t>{1, 4}));
    EXPECT_NE(chosen.plan, nullptr) << chosen.refusal;
}

TEST_F(CudnnPlanChoice, WithoutTimingAWorkspaceThatThereIsNoMemoryForEndsNothingYet) {
    int lists = 0;
    const auto short_of_memory = [&](int of_lists) {
        lists = 0;
        return choose(
            [&, of_lists](std::vector<Plan>& candidates, std::string&) -> Fastest {
                if (++lists <= of_lists) throw OutOfMemory("no memory for the workspace");
                return {.plan = &candidates.back()};
            },
            plain_problem(), false);
    };
    EXPECT_NE(short_of_memory(1).plan, nullptr);
    EXPECT_EQ(lists, 2);
    choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
    EXPECT_THROW(static_cast<void>(short_of_memory(2)), OutOfMemory);
    EXPECT_EQ(lists, 2);
}

TEST_F(CudnnPlanChoice, AnAlternativeThatIsFasterIsKept) {
    Convolution fused = plain_problem();
    fused.bias = true;
    fused.params.activation = Activation::relu;
    const Choice alternatives[] = {{.engine = Choice::unfused, .knobs = {}},
                                   {.engine = Choice::split_k, .knobs = {{0, 4}}}};
    for (const Choice& faster : alternatives) {
        choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
        const ChosenPlan chosen =
            choose([&](std::vector<Plan>&,
                       std::string&) { return Fastest{.alternative = faster, .microseconds = 3.5}; },
                   fused, true, alternatives);
        EXPECT_EQ(chosen.plan, nullptr);
        EXPECT_EQ(chosen.alternative, faster);
        const std::string kept = choices_->json();
        choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
        EXPECT_EQ(choices_->add(kept), "");
        EXPECT_EQ(choose(unexpected, fused, true, alternatives).alternative, faster);
        // Where there is none of that name, a choice is made anew.
        const ChosenPlan other = choose(first, fused);
        EXPECT_NE(other.plan, nullptr) << other.refusal;
        EXPECT_EQ(other.alternative, std::nullopt);
    }
}

// Where cuDNN refuses the problem, the alternatives are all that there is, and where nothing is timed it is a
// refusal.
TEST_F(CudnnPlanChoice, WithoutAPlanTheAlternativesAreTimedByThemselves) {
    Convolution refused = plain_problem();
    refused.bias = true;
    refused.y = {8, 27, 28, 128};  // not what the convolution makes
    const Choice offered[] = {{.engine = Choice::split_k, .knobs = {{0, 2}}}};
    const ChosenPlan untimed = choose(unexpected, refused, false, offered);
    EXPECT_EQ(untimed.alternative, std::nullopt);
    EXPECT_NE(untimed.refusal, "");
    const ChosenPlan chosen = choose(
        [&](std::vector<Plan>& candidates, std::string&) {
            EXPECT_TRUE(candidates.empty());
            return Fastest{.alternative = offered[0], .microseconds = 2.0};
        },
        refused, true, offered);
    EXPECT_EQ(chosen.alternative, offered[0]);
    EXPECT_EQ(choices_->find("name"), (TimedChoice{offered[0], 2.0}));
}

TEST_F(CudnnPlanChoice, AGraphThatCudnnRefusesIsARefusalInItsWords) {
    Convolution refused = plain_problem();
    refused.bias = true;
    refused.y = {8, 27, 28, 128};  // not what the convolution makes
    const ChosenPlan chosen = choose(unexpected, refused);
    EXPECT_EQ(chosen.plan, nullptr);
    EXPECT_NE(chosen.refusal.find("graph: cuDNN"), std::string::npos) << chosen.refusal;
    EXPECT_FALSE(choices_->find("name").has_value());
}

// Fused or refused, but never an Error; where one is refused, the convolution alone has a plan.
TEST_F(CudnnPlanChoice, EveryEpilogueHasAPlanOrARefusal) {
    struct Epilogue {
        Activation activation;
        bool bias, residual;
        DType dtype;
        int groups;
    };
    for (const Epilogue& one : {Epilogue{Activation::silu, true, false, DType::bf16, 1},
                                {Activation::silu, true, true, DType::bf16, 1},
                                {Activation::silu, true, false, DType::f32, 1},
                                {Activation::none, true, false, DType::bf16, 1},
                                {Activation::none, true, false, DType::f32, 1},
                                {Activation::relu, true, true, DType::bf16, 4},
                                {Activation::silu, true, false, DType::bf16, 128}}) {
        Convolution plain = plain_problem();
        plain.dtype = one.dtype;
        plain.params.groups = one.groups;
        plain.weight = {128, 3, 3, 128 / one.groups};
        Convolution fused = plain;
        fused.params.activation = one.activation;
        fused.bias = one.bias;
        fused.residual = one.residual;
        SCOPED_TRACE(fused.str());
        choices_ = std::make_unique<Choices>(Choices::Origin{version, "NVIDIA H200"});
        const ChosenPlan chosen = choose(first, fused, false);
        if (chosen.plan != nullptr) continue;
        EXPECT_NE(chosen.refusal, "");
        EXPECT_NE(choose(first, plain, false).plan, nullptr);
    }
}

#else

TEST(CudnnPlanChoice, NeedsANewerCudnn) {
    GTEST_SKIP() << "devices are described to cuDNN from 9.8 on, found " << CUDNN_VERSION;
}

#endif

}  // namespace
}  // namespace unmask::cudnn
