// SPDX-License-Identifier: Apache-2.0
#include "losses/objective.h"

#include <gtest/gtest.h>

#include "layers/initialization.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr int64_t batch = 4;

Variable logits(const std::string& name, bool requires_grad = true) {
    Tensor value = Tensor::empty({batch, 2});
    fill_normal(value, 1.0, 31, name);
    return Variable(value, requires_grad);
}

HeadLogits heads(int leave_one_out = 2) {
    HeadLogits result{logits("global"), logits("joint"), {}};
    for (int i = 0; i < leave_one_out; ++i) result.leave_one_out.push_back(logits(std::to_string(i)));
    return result;
}

Targets targets() {
    return {Tensor::from({batch}, std::vector<int64_t>{0, 1, 1, 0}), {}, 1.0};
}

TEST(Objective, HasSigmaForAutomaticWeightingOnly) {
    const Objective automatic({}), fixed({.weighting = Weighting::fixed});
    ASSERT_EQ(automatic.parameters().size(), 1u);
    EXPECT_EQ(automatic.parameters()[0].name, "sigma");
    EXPECT_EQ(automatic.state().at("sigma").to_floats(), std::vector<float>(3, 1.0f));
    EXPECT_TRUE(fixed.parameters().empty());
    Objective drawn({});
    drawn.initialize(5);
    EXPECT_EQ(drawn.state().at("sigma").to_floats(), std::vector<float>(3, 1.0f));
}

TEST(Objective, SwitchesLeaveTermsOut) {
    const ObjectiveTerms all = Objective({}).terms(heads(), targets());
    EXPECT_TRUE(all.classification && all.global_information && all.local_information);
    const Objective without_global({.weighting = Weighting::fixed, .global_information = false});
    const ObjectiveTerms first = without_global.terms(heads(), targets());
    EXPECT_FALSE(first.global_information.defined());
    EXPECT_NEAR(without_global.total(first).value().item(),
                first.classification.value().item() + 10.0 * first.local_information.value().item(), 1e-5);
    const ObjectiveTerms second = Objective({.local_information = false}).terms(heads(), targets());
    EXPECT_TRUE(second.global_information.defined());
    EXPECT_FALSE(second.local_information.defined());
}

TEST(Objective, WithOneBranchThereIsNoLocalInformation) {
    const Objective objective({});
    const ObjectiveTerms terms = objective.terms(heads(0), targets());
    EXPECT_FALSE(terms.local_information.defined());
    objective.total(terms).backward();
    EXPECT_EQ(objective.parameters()[0].variable.gradient().to_floats()[2], 0.0f);
}

TEST(Objective, JointHeadLearnsFromItsClassificationOnly) {
    const auto joint_gradient = [](const ObjectiveOptions& options) {
        const HeadLogits given = heads();
        const Objective objective(options);
        objective.total(objective.terms(given, targets())).backward();
        return given.joint.gradient().to_floats();
    };
    EXPECT_EQ(joint_gradient({.weighting = Weighting::fixed}),
              joint_gradient(
                  {.weighting = Weighting::fixed, .global_information = false, .local_information = false}));
}

TEST(Objective, LeaveOneOutHeadsArePushedFromTheAnchorAndTheGlobalOneTowardsIt) {
    const HeadLogits given = heads();
    const ObjectiveTerms terms = Objective({}).terms(given, targets());
    EXPECT_GT(terms.global_information.value().item(), 0.0);
    EXPECT_GT(terms.local_information.value().item(), 0.0);
    EXPECT_LT(terms.local_information.value().item(), 1.0);
}

TEST(Objective, MixupMixesClassificationAndKeepsTheInformationTerms) {
    const Objective objective({});
    Targets other = targets(), mixed = targets();
    other.labels = mixed.mixed_labels = Tensor::from({batch}, std::vector<int64_t>{1, 1, 0, 0});
    mixed.lambda = 0.3;
    const HeadLogits given = heads();
    const auto a = objective.terms(given, targets()), b = objective.terms(given, other),
               m = objective.terms(given, mixed);
    EXPECT_NEAR(m.classification.value().item(),
                0.3 * a.classification.value().item() + 0.7 * b.classification.value().item(), 1e-6);
    EXPECT_EQ(m.local_information.value().item(), a.local_information.value().item());
    EXPECT_EQ(m.global_information.value().item(), b.global_information.value().item());
}

TEST(Objective, RefusesWhatDoesNotFit) {
    expect_error([] { Objective({.temperature = 0.0}); }, {"temperature", "0"});
    expect_error([] { Objective({.weights = {1.0, -1.0, 1.0}}); }, {"weights", "-1"});
    const Objective objective({});
    HeadLogits narrow = heads();
    narrow.leave_one_out[1] = Tensor::zeros({batch, 3});
    expect_error([&] { (void)objective.terms(narrow, targets()); }, {"leave-one-out 1", "[4, 2]", "[4, 3]"});
    HeadLogits empty = heads();
    empty.joint = Variable();
    expect_error([&] { (void)objective.terms(empty, targets()); }, {"joint", "none"});
}

}  // namespace
}  // namespace unmask
