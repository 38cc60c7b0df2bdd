// SPDX-License-Identifier: Apache-2.0
// The loss terms one by one: known values, robustness, gradients by finite differences, errors.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "layers/initialization.h"
#include "losses/cross_entropy.h"
#include "losses/divergence.h"
#include "losses/information_loss.h"
#include "losses/weighting.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Tensor random_logits(int64_t batch, const std::string& name) {
    Tensor result = Tensor::empty({batch, 2}, DType::f64);
    fill_normal(result, 1.5, 21, name);
    return result;
}

Tensor labels_of(const std::vector<int64_t>& labels) {
    return Tensor::from({static_cast<int64_t>(labels.size())}, labels);
}

// Compares the gradient of a scalar function with central differences, element by element, in float64.
void check_gradient(const Tensor& at, const std::function<Variable(const Variable&)>& function,
                    double tolerance) {
    const Variable x(at.clone(), true);
    function(x).backward();
    const auto gradient = x.gradient().to_doubles();
    const double step = 1e-6;
    for (int64_t i = 0; i < at.numel(); ++i) {
        const auto value = [&](double shift) {
            const Tensor moved = at.clone();
            moved.data<double>()[i] += shift;
            return function(Variable(moved)).value().item();
        };
        const double expected = (value(step) - value(-step)) / (2.0 * step);
        EXPECT_NEAR(gradient[static_cast<size_t>(i)], expected, tolerance * std::max(1.0, std::abs(expected)))
            << i;
    }
}

TEST(CrossEntropy, HasTheKnownValueAndGradient) {
    const Tensor target = target_distribution({labels_of({0, 1}), {}, 1.0}, 2, DType::f64);
    const Tensor logits = Tensor::from({2, 2}, std::vector<double>{0, 0, 2, 0});
    const double expected = (std::log(2.0) + std::log(1.0 + std::exp(2.0))) / 2.0;
    EXPECT_NEAR(cross_entropy(logits, target).value().item(), expected, 1e-12);
    check_gradient(
        logits, [&](const Variable& x) { return cross_entropy(x, target); }, 1e-8);
    const Tensor certain = Tensor::from({1, 2}, std::vector<float>{1e4f, -1e4f});
    EXPECT_FLOAT_EQ(
        static_cast<float>(
            cross_entropy(certain, Tensor::from({1, 2}, std::vector<float>{0, 1})).value().item()),
        2e4f);
}

TEST(CrossEntropy, OfAMixedTargetIsTheMixOfBoth) {
    const Tensor first = labels_of({0, 1, 1}), second = labels_of({1, 1, 0});
    const Tensor logits = random_logits(3, "logits");
    const auto value = [&](const Targets& targets) {
        return cross_entropy(logits, target_distribution(targets, 2, DType::f64)).value().item();
    };
    EXPECT_NEAR(value({first, second, 0.3}), 0.3 * value({first, {}, 1.0}) + 0.7 * value({second, {}, 1.0}),
                1e-12);
}

TEST(CrossEntropy, RefusesTargetsThatDoNotFit) {
    expect_error([] { (void)target_distribution({}, 2, DType::f32); }, {"labels", "none"});
    expect_error([] { (void)target_distribution({labels_of({0, 2}), {}, 1.0}, 2, DType::f32); }, {"found 2"});
    expect_error(
        [] {
            (void)target_distribution({labels_of({0}), labels_of({0, 1}), 0.5}, 2, DType::f32);
        },
        {"[1]", "[2]"});
    expect_error(
        [] {
            (void)target_distribution({labels_of({0}), labels_of({1}), 1.5}, 2, DType::f32);
        },
        {"1.5"});
    expect_error(
        [] {
            (void)cross_entropy(Tensor::zeros({3, 2}), Tensor::zeros({2, 2}));
        },
        {"[3, 2]", "[2, 2]"});
}

TEST(Kl, IsTheMeanOverBatchAndClasses) {
    const Tensor anchor = Tensor::from({1, 2}, std::vector<double>{std::log(0.5), std::log(0.5)});
    const Tensor q = Tensor::from({1, 2}, std::vector<double>{std::log(0.25), std::log(0.75)});
    const double expected = (0.25 * std::log(0.5) + 0.75 * std::log(1.5)) / 2.0;
    EXPECT_NEAR(kl_divergence(anchor, q).value().item(), expected, 1e-12);
    EXPECT_EQ(kl_divergence(anchor, anchor).value().item(), 0.0);
}

TEST(Kl, StaysFiniteWhereProbabilitiesUnderflow) {
    const Variable joint = Tensor::from({2, 2}, std::vector<float>{300, -300, -300, 300});
    const Variable global(Tensor::from({2, 2}, std::vector<float>{-300, 300, -300, 300}), true);
    const Variable loss =
        global_information_loss(anchor_log_probabilities(joint, 1.5), global, 1.5, &kl_divergence);
    EXPECT_NEAR(loss.value().item(), 100.0, 1e-3);
    loss.backward();
    for (const float value : global.gradient().to_floats()) EXPECT_TRUE(std::isfinite(value));
}

TEST(Sinkhorn, OfOnePointIsItsDistance) {
    const Tensor log_anchor = Tensor::from({1, 2}, std::vector<double>{std::log(0.5), std::log(0.5)});
    const Tensor log_q = Tensor::from({1, 2}, std::vector<double>{std::log(0.5), std::log(0.5)});
    const double distance = 2.0 * std::pow(std::log(0.5) - 0.5, 2.0);
    EXPECT_NEAR(sinkhorn_divergence(log_anchor, log_q, {}).value().item(), distance, 1e-3);
}

TEST(Divergences, HaveTheGradientsOfFiniteDifferences) {
    for (const DivergenceEntry& entry : divergences()) {
        SCOPED_TRACE(entry.name);
        for (const int64_t batch : {1, 2, 5}) {
            const Variable log_anchor = anchor_log_probabilities(random_logits(batch, "anchor"), 1.5);
            check_gradient(
                random_logits(batch, "q"),
                [&](const Variable& x) { return global_information_loss(log_anchor, x, 1.5, entry.compare); },
                1e-5);
            check_gradient(
                random_logits(batch, "q"),
                [&](const Variable& x) {
                    return local_information_loss(log_anchor, {x, random_logits(batch, "other")}, 1.5,
                                                  entry.compare);
                },
                1e-5);
        }
        EXPECT_EQ(parse_divergence(entry.name), entry.kind);
    }
    expect_error([] { (void)parse_divergence("js"); }, {"kl, sinkhorn", "'js'"});
    expect_error(
        [] {
            (void)sinkhorn_divergence(Tensor::zeros({2, 2}), Tensor::zeros({3, 2}), {});
        },
        {"[2, 2]", "[3, 2]"});
}

TEST(InformationLosses, AnchorTakesNoGradient) {
    const Variable joint(random_logits(3, "joint"), true);
    EXPECT_FALSE(anchor_log_probabilities(joint, 1.5).requires_grad());
    EXPECT_TRUE(softened_log_probabilities(joint, 1.5).requires_grad());
    expect_error([&] { (void)local_information_loss(joint, {}, 1.5, &kl_divergence); }, {"leave-one-out"});
}

TEST(Weighting, HasItsFormulasAndLeavesOutWhatIsOff) {
    const auto scalar = [](double value) { return Variable(Tensor::full({}, value, DType::f64)); };
    const Tensor sigma = Tensor::from({3}, std::vector<double>{0.7, 1.1, 1.6});
    const TermArray all{scalar(2.0), scalar(3.0), scalar(0.5)}, some{scalar(2.0), Variable(), scalar(0.5)};
    const auto summand = [](double s, double term) { return 0.5 / (s * s) * term + std::log(1.0 + s * s); };
    EXPECT_NEAR(automatic_weighting(all, sigma).value().item(),
                summand(0.7, 2.0) + summand(1.1, 3.0) + summand(1.6, 0.5), 1e-12);
    EXPECT_NEAR(automatic_weighting(some, sigma).value().item(), summand(0.7, 2.0) + summand(1.6, 0.5),
                1e-12);
    EXPECT_NEAR(fixed_weighting(all, {1, 2, 10}).value().item(), 2.0 + 6.0 + 5.0, 1e-12);
    EXPECT_NEAR(fixed_weighting(some, {1, 2, 10}).value().item(), 7.0, 1e-12);
    check_gradient(
        sigma, [&](const Variable& s) { return automatic_weighting(some, s); }, 1e-8);
    const Variable trained(sigma.clone(), true);
    automatic_weighting(some, trained).backward();
    EXPECT_EQ(trained.gradient().to_doubles()[1], 0.0);
    expect_error([&] { (void)fixed_weighting({}, {1, 1, 1}); }, {"at least one term"});
    EXPECT_EQ(parse_weighting("fixed"), Weighting::fixed);
    expect_error([] { (void)parse_weighting("hyper"); }, {"automatic or fixed", "'hyper'"});
}

}  // namespace
}  // namespace unmask
