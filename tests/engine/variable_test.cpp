// SPDX-License-Identifier: Apache-2.0
#include "engine/variable.h"

#include <gtest/gtest.h>

#include "engine/chains.h"
#include "engine/kernel_observer.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

Variable scalar(double value, bool requires_grad = true) {
    return {Tensor::full({}, value), requires_grad};
}

TEST(Variable, SumsTheGradientsOfEveryPath) {
    const Variable x = scalar(3);
    const Variable y = x * x;      // used twice below
    const Variable z = y + y * x;  // x² + x³
    z.backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), 2 * 3 + 3 * 9);
}

TEST(Variable, AddedToItselfCountsTwice) {
    const Variable x = scalar(2);
    const Variable y = affine(x, 1.0);
    (y + y).backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), 2);
}

TEST(Variable, AccumulatesUntilCleared) {
    Variable x = scalar(3);
    (x * x).backward();
    (x * x).backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), 12);
    x.clear_gradient();
    EXPECT_FALSE(x.gradient().defined());
}

TEST(Variable, ConstantsAndDetachedValuesStopTheGradient) {
    const Variable x = scalar(3), c = scalar(5, false);
    (x * c + x.detach() * x).backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), 5 + 3);
    EXPECT_FALSE(c.gradient().defined());
}

TEST(Variable, NoGradRecordsNothing) {
    const Variable x = scalar(3);
    const NoGrad guard;
    const Variable y = x * x;
    EXPECT_FALSE(y.requires_grad());
    expect_error([&] { y.backward(); }, {"backward", "does not depend"});
}

// (x, y) -> (x + y, x · y), recorded as one op.
std::vector<Variable> sum_and_product(const Variable& x, const Variable& y) {
    const double a = x.value().item(), b = y.value().item();
    return record_several(
        "sum_and_product", {Tensor::full({}, a + b), Tensor::full({}, a * b)}, {x, y},
        [a, b](const std::vector<Tensor>& gradients, const WantedGradients&) {
            const double s = gradients[0].defined() ? gradients[0].item() : 0.0;
            const double p = gradients[1].defined() ? gradients[1].item() : 0.0;
            return std::vector<Tensor>{Tensor::full({}, s + p * b), Tensor::full({}, s + p * a)};
        });
}

TEST(Variable, AnOpOfSeveralResultsGoesBackOnceWithTheGradientsOfAll) {
    const Variable x = scalar(3), y = scalar(5);
    {
        const std::vector<Variable> both = sum_and_product(x, y);
        // The second result feeds an op of several results, one of whose comes back before the other.
        const std::vector<Variable> next = sum_and_product(both[1], both[0]);
        (next[0] + next[1] * both[1] + both[1]).backward();  // z = s + 2p + p²·s, s = x + y, p = x · y
    }
    EXPECT_DOUBLE_EQ(x.gradient().item(), (1 + 15 * 15) + (2 + 2 * 15 * 8) * 5);
    EXPECT_DOUBLE_EQ(y.gradient().item(), (1 + 15 * 15) + (2 + 2 * 15 * 8) * 3);
}

// x -> 2 · x. Adds to the gradient that x has where it may, and counts how often.
Variable doubled(const Variable& x, int& added) {
    Tensor y = Tensor::empty_like(x.value());
    affine_forward(x.value(), y, 2.0, 0.0);
    return record("doubled", y, {x}, [&added](const Tensor& gradient, const WantedGradients& needed) {
        Tensor own = Tensor::empty_like(gradient);
        affine_forward(gradient, own, 2.0, 0.0);
        Tensor* const present = needed.present(0);
        if (present == nullptr) return std::vector{own};
        ++added;
        binary_forward(*present, own, *present, BinaryOp::add);
        return std::vector<Tensor>(1);
    });
}

TEST(Variable, AnOpMayAddToTheGradientThatIsThere) {
    int added = 0;
    const Variable x = scalar(3);
    const Variable y = affine(x, 1.0);
    (doubled(y, added) + doubled(y, added)).backward();
    EXPECT_EQ(added, 1);  // the other brought the first
    EXPECT_DOUBLE_EQ(x.gradient().item(), 4);
}

TEST(Variable, NoOpAddsToAGradientThatOthersHold) {
    int added = 0;
    const Variable x = scalar(3), z = scalar(1);
    const Variable y = affine(x, 1.0);
    // The sum gives both of its inputs one tensor: y's is z's too when `doubled` goes back.
    ((doubled(y, added) + y) + z).backward();
    EXPECT_EQ(added, 0);
    EXPECT_DOUBLE_EQ(x.gradient().item(), 3);
    EXPECT_DOUBLE_EQ(z.gradient().item(), 1);
}

TEST(Variable, NoOpAddsToPinnedMemory) {
    int added = 0;
    Variable x = scalar(3);
    const Tensor memory = Tensor::full({}, 5.0);
    x.pin_gradient(memory);
    (doubled(x, added) + doubled(x, added)).backward();
    EXPECT_EQ(added, 0);
    EXPECT_DOUBLE_EQ(memory.item(), 5 + 4);
}

// x feeds two ops of chains, and where `outside` a third one whose gradient comes first.
int additions_of_chains(bool two_chains, bool outside, double expected) {
    int added = 0;
    const Variable x = scalar(3);
    std::vector<Variable> parts;
    {
        Chains chains(cpu_device, 2);
        for (int i = 0; i < 2; ++i) {
            chains.use(two_chains ? i : 1);
            parts.push_back(doubled(x, added));
        }
    }
    Variable all = parts[0] + parts[1];
    if (outside) all = all + affine(x, 1.0);
    all.backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), expected);
    return added;
}

TEST(Variable, NoOpAddsToAGradientOfAnotherChain) {
    EXPECT_EQ(additions_of_chains(false, false, 4), 1);
    EXPECT_EQ(additions_of_chains(true, false, 4), 0);
    EXPECT_EQ(additions_of_chains(false, true, 5), 2);
    EXPECT_EQ(additions_of_chains(true, true, 5), 1);  // the first chain's; the second joins them
}

TEST(Variable, AResultThatNothingUsesBringsNoGradient) {
    for (const size_t used : {0, 1}) {
        const Variable x = scalar(3), y = scalar(5);
        const Variable kept = [&] {
            std::vector<Variable> both = sum_and_product(x, y);
            return both[used] * scalar(2, false);  // the other is gone
        }();
        kept.backward();
        EXPECT_DOUBLE_EQ(x.gradient().item(), used == 0 ? 2 : 10);
        expect_error([&] { kept.backward(); }, {"already walked"});
    }
    const Variable x = scalar(3);
    const std::vector<Variable> both = sum_and_product(x, scalar(5));
    both[0].backward();
    EXPECT_DOUBLE_EQ(x.gradient().item(), 1);
    expect_error([&] { both[1].backward(); }, {"sum_and_product", "already walked"});
}

TEST(Variable, RefusesASecondWalkAndNonScalars) {
    const Variable x = scalar(3);
    const Variable y = x * x;
    y.backward();
    expect_error([&] { y.backward(); }, {"multiply", "already walked"});
    const Variable v(Tensor::zeros({2}), true);
    expect_error([&] { affine(v, 2).backward(); }, {"single element", "[2]"});
    expect_error([&] { affine(v, 2).backward(Tensor::zeros({3})); }, {"[2]", "[3]"});
}

TEST(Variable, CopiesAreTheSameVariable) {
    Variable x = scalar(1);
    const Variable copy = x;
    x.set_value(Tensor::full({}, 4));
    EXPECT_DOUBLE_EQ(copy.value().item(), 4);
    Tensor memory = Tensor::zeros({});
    x.pin_gradient(memory);
    (copy * copy).backward();
    EXPECT_DOUBLE_EQ(memory.item(), 8);
    x.clear_gradient();
    EXPECT_DOUBLE_EQ(memory.item(), 0);
}

TEST(Variable, LongChainsNeitherRecurseNorLeak) {
    const size_t before = context_of(cpu_device)->memory().used_bytes;
    {
        const Variable x = scalar(1);
        Variable walked = x, dropped = x;
        for (int i = 0; i < 200000; ++i) {
            walked = affine(walked, 1.0, 0.0);
            dropped = affine(dropped, 1.0, 0.0);
        }
        walked.backward();
        EXPECT_DOUBLE_EQ(x.gradient().item(), 1);
    }
    EXPECT_EQ(context_of(cpu_device)->memory().used_bytes, before);
}

TEST(Variable, BackwardFreesWhatItPassed) {
    const Variable x(Tensor::full({1 << 16}, 1.0), true);
    Variable y = x;
    for (int i = 0; i < 20; ++i) y = exp(affine(y, 0.1));
    const Variable total = sum(y);
    y = Variable();
    Context& context = *context_of(cpu_device);
    const size_t held = context.memory().used_bytes;
    context.reset_peak();
    total.backward();
    EXPECT_LT(context.memory().used_bytes, held / 2);
    EXPECT_LT(context.memory().peak_bytes, held + held / 3);
}

// What each chain's result goes through outside of the chains comes before all chains, so that they are
// forked once.
TEST(Variable, ChainsGoBackBetweenOneForkAndItsJoin) {
    const Variable x[] = {scalar(2), scalar(3), scalar(5)};
    std::vector<Variable> results;
    {
        Chains chains(cpu_device, 3);
        for (int chain = 0; chain < 3; ++chain) {
            chains.use(chain);
            results.push_back(x[chain] * x[chain]);
        }
    }
    Variable sum = affine(results[0], 1);
    for (int chain = 1; chain < 3; ++chain) sum = sum + affine(results[size_t(chain)], 1);
    std::vector<int> order;
    struct Observer : KernelObserver {
        explicit Observer(std::vector<int>& into) : chains(into) {}
        void called(const KernelCall&) override {}
        void going_back(const char*, const std::vector<Tensor>&) override {
            chains.push_back(current_chain());
        }
        std::vector<int>& chains;
    };
    {
        const Observer observer(order);
        sum.backward();
    }
    EXPECT_EQ(order, (std::vector<int>{-1, -1, -1, -1, -1, 0, 1, 2}));
    EXPECT_EQ(x[2].gradient().item(), 10);
}

}  // namespace
}  // namespace unmask
