// SPDX-License-Identifier: Apache-2.0
// The objective in one op against the same composed of smaller ones: values and all gradients.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/elementwise.h"
#include "layers/initialization.h"
#include "losses/objective.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr int64_t batch = 7;

Tensor drawn(const std::string& name, DType dtype, double spread) {
    Tensor value = Tensor::empty({batch, 2});
    fill_normal(value, spread, 31, name);
    return value.to(dtype);
}

struct Setting {
    ObjectiveOptions options;
    int leave_one_out = 4;
    bool mixup = false;
    DType dtype = DType::f64;
    double spread = 1.0;

    [[nodiscard]] std::string text() const {
        return fmt::format("{} heads, divergence {}, {}, mixup {}, global {}, local {}", leave_one_out,
                           divergence_of(options.divergence).name, name_of(options.weighting), mixup,
                           options.global_information, options.local_information);
    }
};

struct Outcome {
    std::vector<double> terms;
    std::vector<std::vector<double>> gradients;
};

Outcome outcome(const Setting& setting, bool fused) {
    HeadLogits heads{Variable(drawn("global", setting.dtype, setting.spread), true),
                     Variable(drawn("joint", setting.dtype, setting.spread), true),
                     {}};
    std::vector<Variable> leaves{heads.global, heads.joint};
    for (int i = 0; i < setting.leave_one_out; ++i) {
        heads.leave_one_out.emplace_back(drawn(std::to_string(i), setting.dtype, setting.spread), true);
        leaves.push_back(heads.leave_one_out.back());
    }
    Objective objective(setting.options);
    objective.to(setting.dtype);
    if (setting.options.weighting == Weighting::automatic) {
        objective.load_state(
            {{"sigma", Tensor::from({3}, std::vector<double>{0.8, 1.3, 0.6}).to(setting.dtype)}});
        leaves.push_back(objective.parameters()[0].variable);
    }
    Targets targets;
    targets.labels = Tensor::from({batch}, std::vector<int64_t>{0, 1, 1, 0, 1, 0, 0});
    if (setting.mixup) {
        targets.mixed_labels = Tensor::from({batch}, std::vector<int64_t>{1, 1, 0, 0, 0, 1, 0});
        targets.lambda = 0.3;
    }
    const ObjectiveResult result =
        fused ? objective.forward(heads, targets) : objective.forward_composed(heads, targets);
    affine(result.total, 3.0).backward();  // a factor that gradients must carry
    Outcome found{result.terms.to_doubles(), {}};
    EXPECT_EQ(result.total.value().item(), found.terms[0]);
    for (const Variable& leaf : leaves) found.gradients.push_back(leaf.gradient().to_doubles());
    return found;
}

// |a - b| against a bound relative to the largest of b; NaN equals NaN.
void expect_near(const std::vector<double>& a, const std::vector<double>& b, double bound) {
    ASSERT_EQ(a.size(), b.size());
    double largest = 1e-6;
    for (const double value : b) largest = std::max(largest, std::isnan(value) ? 0.0 : std::abs(value));
    for (size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(std::isnan(a[i]), std::isnan(b[i])) << i;
        if (!std::isnan(b[i])) {
            EXPECT_NEAR(a[i], b[i], bound * largest) << i;
        }
    }
}

void expect_alike(const Setting& setting, double bound) {
    SCOPED_TRACE(setting.text());
    const Outcome found = outcome(setting, true), expected = outcome(setting, false);
    expect_near(found.terms, expected.terms, bound);
    for (size_t i = 0; i < expected.gradients.size(); ++i) {
        SCOPED_TRACE("gradient " + std::to_string(i));
        expect_near(found.gradients[i], expected.gradients[i], bound);
    }
}

TEST(FusedObjective, AgreesWithTheComposedOne) {
    for (const DivergenceEntry& entry : divergences()) {
        ASSERT_TRUE(entry.fused.has_value());
        for (const Weighting weighting : {Weighting::automatic, Weighting::fixed})
            for (const int leave_one_out : {0, 2, 4})
                for (const bool mixup : {false, true})
                    expect_alike({.options = {.divergence = entry.kind, .weighting = weighting},
                                  .leave_one_out = leave_one_out,
                                  .mixup = mixup},
                                 entry.kind == Divergence::kl ? 1e-12 : 1e-9);
    }
}

TEST(FusedObjective, LeavesOutWhatIsSwitchedOff) {
    for (const DivergenceEntry& entry : divergences())
        for (const Weighting weighting : {Weighting::automatic, Weighting::fixed})
            for (const int on : {0, 1, 2}) {
                const ObjectiveOptions options{.divergence = entry.kind,
                                               .weighting = weighting,
                                               .global_information = on == 1,
                                               .local_information = on == 2};
                expect_alike({.options = options, .leave_one_out = 2, .mixup = true}, 1e-9);
            }
}

TEST(FusedObjective, Float32AgreesWithFloat64) {
    for (const DivergenceEntry& entry : divergences()) {
        SCOPED_TRACE(entry.name);
        Setting setting{.options = {.divergence = entry.kind}, .spread = 2.0};
        const Outcome expected = outcome(setting, false);
        setting.dtype = DType::f32;
        const Outcome found = outcome(setting, true);
        expect_near(found.terms, expected.terms, 2e-6);
        for (size_t i = 0; i < expected.gradients.size(); ++i)
            expect_near(found.gradients[i], expected.gradients[i], 2e-5);
    }
}

TEST(FusedObjective, StaysFiniteWhereProbabilitiesUnderflow) {
    for (const DivergenceEntry& entry : divergences()) {
        SCOPED_TRACE(entry.name);
        const Outcome found =
            outcome({.options = {.divergence = entry.kind}, .dtype = DType::f32, .spread = 300.0}, true);
        for (const double value : found.terms) EXPECT_TRUE(std::isfinite(value));
        for (const auto& gradient : found.gradients)
            for (const double value : gradient) EXPECT_TRUE(std::isfinite(value));
    }
}

TEST(FusedObjective, TakesTheShareFromTheDevice) {
    const Objective objective({});
    const HeadLogits heads{drawn("global", DType::f32, 1.0), drawn("joint", DType::f32, 1.0), {}};
    const Tensor labels = Tensor::from({batch}, std::vector<int64_t>{0, 1, 1, 0, 1, 0, 0});
    const Tensor others = Tensor::from({batch}, std::vector<int64_t>{1, 1, 0, 0, 0, 1, 0});
    const Targets host{labels, others, 0.25, {}}, device{labels, others, 1.0, Tensor::full({1}, 0.25)};
    EXPECT_EQ(objective.forward(heads, device).total.value().item(),
              objective.forward(heads, host).total.value().item());
    EXPECT_EQ(objective.forward_composed(heads, device).total.value().item(),
              objective.forward_composed(heads, host).total.value().item());
    expect_error([&] { (void)objective.forward(heads, {labels, others, 1.5, {}}); }, {"[0, 1]", "1.5"});
}

}  // namespace
}  // namespace unmask
