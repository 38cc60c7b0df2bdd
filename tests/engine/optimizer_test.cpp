// SPDX-License-Identifier: Apache-2.0
#include "engine/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/cast.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Variable parameter(const std::vector<double>& values) {
    return {Tensor::from<double>({static_cast<int64_t>(values.size())}, values), true};
}

// The gradient of Σ 0.5·c·(x - t)² at each step, for three parameters of one variable.
void minimise(Variable& x, FlatParameters& flat, Optimizer& optimizer, int steps) {
    const Variable target(Tensor::from<double>({3}, std::vector<double>{1, -2, 0.5}));
    for (int i = 0; i < steps; ++i) {
        flat.clear_gradients();
        affine(sum(square(x - target)), 0.5).backward();
        optimizer.step();
    }
}

TEST(FlatParameters, RebindsEveryCopyAndPinsGradients) {
    Variable a = parameter({1, 2, 3}), b = parameter({4});
    const Variable handle = a;
    FlatParameters flat({{"a", a}, {"b", b}});
    EXPECT_EQ(flat.count(), 4);
    EXPECT_EQ(handle.value().buffer(), flat.values().buffer());
    EXPECT_EQ(b.value().byte_offset() % 64, 0u);
    sum(handle * handle).backward();
    EXPECT_EQ(handle.gradient().buffer(), flat.gradients().buffer());
    EXPECT_EQ(handle.gradient().to_doubles(), (std::vector<double>{2, 4, 6}));
    flat.clear_gradients();
    EXPECT_EQ(a.gradient().to_doubles(), (std::vector<double>{0, 0, 0}));
}

// Backward adds to pinned memory in groups; the same memory twice, sizes without a pattern, and bf16 on the
// way.
TEST(FlatParameters, GradientsOfEveryUseArrive) {
    std::vector<FlatParameters::Entry> entries;
    std::vector<Variable> variables;
    for (int64_t i = 0; i < 130; ++i) {
        variables.emplace_back(Tensor::full({1 + i % 7}, 0.5 + 0.25 * static_cast<double>(i % 3)), true);
        entries.push_back({std::to_string(i), variables.back()});
    }
    FlatParameters flat(entries);
    Variable total;
    for (const Variable& x : variables) {
        const Variable y = sum(square(x)) + sum(affine(cast(cast(x, DType::bf16), DType::f32), 3.0));
        total = total.defined() ? total + y : y;
    }
    total.backward();
    for (const Variable& x : variables) {
        const std::vector<double> value = x.value().to_doubles(), gradient = x.gradient().to_doubles();
        for (size_t k = 0; k < value.size(); ++k) EXPECT_DOUBLE_EQ(gradient[k], 2.0 * value[k] + 3.0);
    }
}

TEST(FlatParameters, RefusesMixedTypes) {
    const Variable a(Tensor::zeros({2}), true), b(Tensor::zeros({2}, DType::f64), true);
    expect_error([&] { FlatParameters({{"a", a}, {"b", b}}); }, {"f32", "b as f64"});
    expect_error([] { FlatParameters({}); }, {"at least one"});
}

TEST(Adam, FollowsThePublishedRecurrence) {
    Variable x = parameter({0.3, -0.7, 2.0});
    FlatParameters flat({{"x", x}});
    const AdamParams params{.learning_rate = 0.05, .weight_decay = 0.01};
    const auto adam = make_adam(flat, params);
    double m[3] = {}, v[3] = {}, expected[3] = {0.3, -0.7, 2.0};
    const double target[3] = {1, -2, 0.5};
    for (int step = 1; step <= 5; ++step) {
        minimise(x, flat, *adam, 1);
        for (int i = 0; i < 3; ++i) {
            const double g = expected[i] - target[i] + params.weight_decay * expected[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            const double m_hat = m[i] / (1 - std::pow(0.9, step)), v_hat = v[i] / (1 - std::pow(0.999, step));
            expected[i] -= params.learning_rate * m_hat / (std::sqrt(v_hat) + params.eps);
            EXPECT_NEAR(x.value().to_doubles()[static_cast<size_t>(i)], expected[i], 1e-12) << step;
        }
    }
    EXPECT_EQ(adam->steps_taken(), 5);
}

TEST(Adam, GoesOnFromItsState) {
    Variable x = parameter({0.3, -0.7, 2.0}), y = parameter({0.3, -0.7, 2.0});
    FlatParameters flat_x({{"x", x}}), flat_y({{"y", y}});
    const auto whole = make_adam(flat_x), first = make_adam(flat_y), second = make_adam(flat_y);
    minimise(x, flat_x, *whole, 6);
    minimise(y, flat_y, *first, 3);
    for (auto& [name, tensor] : second->state()) Tensor(tensor).copy_from(first->state().at(name));
    second->set_steps_taken(first->steps_taken());
    minimise(y, flat_y, *second, 3);
    EXPECT_EQ(x.value().to_doubles(), y.value().to_doubles());
}

TEST(Sgd, MomentumAndNesterovFollowPyTorchsForm) {
    for (const bool nesterov : {false, true}) {
        Variable x = parameter({0.3, -0.7, 2.0});
        FlatParameters flat({{"x", x}});
        const auto sgd = make_sgd(
            flat, {.learning_rate = 0.1, .momentum = 0.9, .nesterov = nesterov, .weight_decay = 0.01});
        double velocity[3] = {}, expected[3] = {0.3, -0.7, 2.0};
        const double target[3] = {1, -2, 0.5};
        minimise(x, flat, *sgd, 4);
        for (int step = 0; step < 4; ++step)
            for (int i = 0; i < 3; ++i) {
                const double g = expected[i] - target[i] + 0.01 * expected[i];
                velocity[i] = 0.9 * velocity[i] + g;
                expected[i] -= 0.1 * (nesterov ? g + 0.9 * velocity[i] : velocity[i]);
            }
        for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(x.value().to_doubles()[i], expected[i], 1e-12) << nesterov;
    }
}

TEST(Adam, KeepsCopiesAndClearsGradients) {
    Variable x = Variable(Tensor::from<float>({3}, std::vector<float>{0.3f, -0.7f, 2.0f}), true);
    FlatParameters flat({{"x", x}});
    flat.keep_copies(DType::bf16);
    EXPECT_EQ(x.copy().to_floats(), x.value().to(DType::bf16).to_floats());
    const auto adam = make_adam(flat);
    adam->set_clear_gradients(true);
    sum(square(x)).backward();
    adam->step();
    EXPECT_EQ(x.copy().to_floats(), x.value().to(DType::bf16).to_floats());
    EXPECT_EQ(x.gradient().to_doubles(), (std::vector<double>{0, 0, 0}));
}

TEST(Optimizer, LeavesEverythingAsItIsBehindAGuardThatIsNoNumber) {
    for (const bool adam : {true, false}) {
        Variable x = parameter({0.3, -0.7, 2.0});
        FlatParameters flat({{"x", x}});
        const auto optimizer = adam ? make_adam(flat) : make_sgd(flat, {.momentum = 0.9});
        Tensor guard = Tensor::full({1}, std::nan(""));
        optimizer->set_guard(guard);
        minimise(x, flat, *optimizer, 1);
        EXPECT_EQ(x.value().to_doubles(), (std::vector<double>{0.3, -0.7, 2.0}));
        guard.fill_zero();
        minimise(x, flat, *optimizer, 1);
        EXPECT_NE(x.value().to_doubles(), (std::vector<double>{0.3, -0.7, 2.0}));
    }
}

TEST(FlatParameters, AParameterMayBeThereOnce) {
    const Variable a = parameter({1, 2});
    expect_error(
        [&] {
            const FlatParameters flat({{"a", a}, {"b", parameter({3})}, {"again", a}});
        },
        {"expected each of them once", "again"});
}

// Otherwise a cast would go on with values of before.
TEST(FlatParameters, CopiesGoWithWhatTheyAreOf) {
    Variable x(Tensor::full({3}, 1.0), true);
    {
        FlatParameters flat({{"x", x}});
        flat.keep_copies(DType::bf16);
        EXPECT_TRUE(x.copy().defined());
        x.set_copy({});
        flat.refresh_copies();
        EXPECT_EQ(x.copy().buffer(), flat.copies().buffer());
    }
    EXPECT_FALSE(x.copy().defined());
    x.set_copy(Tensor::full({3}, 1.0, DType::bf16));
    x.set_value(Tensor::full({3}, 2.0));
    EXPECT_EQ(cast(x, DType::bf16).value().to_floats(), (std::vector<float>{2, 2, 2}));
}

TEST(FlatParameters, GradientsThatASinkDidNotTakeCanBeCleared) {
    struct Sink : GradientSink {
        void take(size_t, const Tensor&) override { throw Error("no"); }
    } sink;
    const Variable x = parameter({1, 2, 3}), y = parameter({4});
    FlatParameters flat({{"x", x}, {"y", y}}, &sink);
    // x's is complete when one of the two uses of y is still to come.
    EXPECT_THROW((sum(y) + sum(x) + sum(square(y))).backward(), Error);
    EXPECT_TRUE(y.gradient().defined());
    flat.clear_gradients();
    EXPECT_FALSE(y.gradient().defined());
}

TEST(Optimizer, RefusesWhatCannotTrain) {
    const Variable x = parameter({1, 2, 3});
    FlatParameters flat({{"x", x}});
    expect_error([&] { (void)make_adam(flat, {.beta1 = 1.0}); }, {"adam", "beta1 in [0, 1)", "found 1"});
    expect_error([&] { (void)make_adam(flat, {.beta2 = -0.5}); }, {"beta2", "-0.5"});
    expect_error([&] { (void)make_adam(flat, {.eps = 0.0}); }, {"positive eps", "found 0"});
    expect_error([&] { (void)make_adam(flat, {.learning_rate = std::nan("")}); }, {"learning rate", "nan"});
    expect_error([&] { (void)make_sgd(flat, {.weight_decay = -1.0}); }, {"sgd", "weight decay", "-1"});
    expect_error([&] { (void)make_sgd(flat, {.momentum = 1.0}); }, {"momentum", "found 1"});
    expect_error([&] { (void)make_sgd(flat, {.nesterov = true}); }, {"Nesterov", "found 0"});
}

TEST(Optimizer, WithoutMomentumThereIsNoVelocity) {
    const Variable x = parameter({1, 2, 3});
    FlatParameters flat({{"x", x}});
    EXPECT_TRUE(make_sgd(flat)->state().empty());
    EXPECT_EQ(make_sgd(flat, {.momentum = 0.9})->state().count("velocity"), 1u);
}

// The host does not wait for the guard.
TEST(Optimizer, AStepThatItsGuardRefusesIsCounted) {
    const Variable x = parameter({1, 2, 3});
    FlatParameters flat({{"x", x}});
    const auto optimizer = make_adam(flat);
    optimizer->set_guard(Tensor::full({1}, std::nan("")));
    optimizer->step();
    EXPECT_EQ(x.value().to_doubles(), (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(optimizer->steps_taken(), 1);
}

}  // namespace
}  // namespace unmask
