// SPDX-License-Identifier: Apache-2.0
#include "engine/recompute.h"

#include <gtest/gtest.h>

#include "engine/chains.h"
#include "engine/gradient_listener.h"
#include "engine/kernel_observer.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "engine/recording.h"

namespace unmask {
namespace {

// silu(w · x) twice, and how often it ran.
struct Body {
    Variable w{Tensor::from<float>({3}, {1, -2, 0.5}), true};
    int runs = 0, again = 0;

    Variable operator()(const Variable& x) {
        ++runs;
        if (recomputing()) ++again;
        return silu(multiply(w, silu(multiply(w, x))));
    }
    std::function<Variable(const Variable&)> counted() {
        return [this](const Variable& x) { return (*this)(x); };
    }
};

Variable input(bool requires_grad = true) {
    return {Tensor::from<float>({3}, {0.25, 1, -3}), requires_grad};
}

TEST(Recompute, HasTheValueAndTheGradientsOfTheBody) {
    Body plain, twice;
    const Variable x = input(), own = input();
    const Variable expected = affine(plain(affine(x, 2)), 3),
                   found = affine(recompute(affine(own, 2), twice.counted()), 3);
    EXPECT_EQ(found.value().to_floats(), expected.value().to_floats());
    const Tensor gradient = Tensor::from<float>({3}, {1, 2, 3});
    expected.backward(gradient);
    EXPECT_EQ(twice.runs, 1);
    found.backward(gradient);
    EXPECT_EQ(twice.runs, 2);
    EXPECT_EQ(twice.again, 1);
    EXPECT_FALSE(recomputing());
    EXPECT_EQ(own.gradient().to_floats(), x.gradient().to_floats());
    EXPECT_EQ(twice.w.gradient().to_floats(), plain.w.gradient().to_floats());
}

// The first stage of a model sees an image, which has no gradient.
TEST(Recompute, OfAConstantReachesTheParametersOfTheBody) {
    Body plain, twice;
    const Tensor gradient = Tensor::from<float>({3}, {1, 2, 3});
    plain(input(false)).backward(gradient);
    recompute(input(false), twice.counted()).backward(gradient);
    EXPECT_EQ(twice.w.gradient().to_floats(), plain.w.gradient().to_floats());
}

TEST(Recompute, RunsOnceWhereNothingGoesBack) {
    Body body;
    {
        const NoGrad nothing_recorded;
        EXPECT_FALSE(recompute(input(), body.counted()).requires_grad());
    }
    body.w.set_requires_grad(false);
    EXPECT_FALSE(recompute(input(false), body.counted()).requires_grad());
    EXPECT_EQ(body.runs, 2);
    EXPECT_EQ(body.again, 0);
}

TEST(Recompute, KeepsOnlyTheInput) {
    Context& context = *context_of(cpu_device);
    const Variable w(Tensor::full({1 << 16}, 2), true);
    const Variable x(Tensor::full({1 << 16}, 0.5));
    const auto body = [&](const Variable& value) {
        Variable y = value;
        for (int i = 0; i < 8; ++i) y = silu(multiply(y, w));
        return y;
    };
    const auto kept = [&](const auto& forward) {
        const size_t before = context.memory().used_bytes;
        const Variable y = forward();
        return context.memory().used_bytes - before;
    };
    const size_t all = kept([&] { return body(x); }), result = kept([&] { return recompute(x, body); });
    EXPECT_EQ(result, x.value().bytes());
    EXPECT_GT(all, 8 * result);
}

// Each gradient once, as without.
TEST(Recompute, TellsAListenerOnce) {
    struct Listener : GradientListener {
        int heard = 0;
        void complete(const Tensor&) override { ++heard; }
        [[nodiscard]] size_t portion_bytes() const override { return 0; }
    } listener;
    Body body;
    body.w.pin_gradient(Tensor::zeros({3}));
    const Variable y = recompute(input(), body.counted());
    const ListenToGradients listening(&listener);
    y.backward(Tensor::full({3}, 1));
    EXPECT_EQ(listener.heard, 1);
}

TEST(Recompute, AnObserverHearsTheEndOfTheWholePassAlone) {
    struct Observer : KernelObserver {
        int ends = 0;
        void called(const KernelCall&) override {}
        void went_back() override { ++ends; }
    } observer;
    Body body;
    recompute(recompute(input(), body.counted()), body.counted()).backward(Tensor::full({3}, 1));
    EXPECT_EQ(observer.ends, 1);
}

TEST(Recompute, WithinChainsOfRecordedWork) {
    Body plain[2], twice[2];
    const Tensor gradient = Tensor::from<float>({3}, {1, 2, 3});
    const auto work = [&](Body* bodies, bool again) {
        std::vector<Variable> parts;
        {
            Chains chains(cpu_device, 2);
            for (int i = 0; i < 2; ++i) {
                chains.use(i);
                const Variable x = input(false);
                parts.push_back(again ? recompute(x, bodies[i].counted()) : bodies[i](x));
            }
        }
        add(parts[0], parts[1]).backward(gradient);
    };
    for (Body* bodies : {plain, twice})
        for (int i = 0; i < 2; ++i) bodies[i].w.pin_gradient(Tensor::zeros({3}));
    work(plain, false);
    Recording recording([&] { work(twice, true); });
    recording.run();
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(twice[i].w.gradient().to_floats(), plain[i].w.gradient().to_floats()) << i;
}

}  // namespace
}  // namespace unmask
