// SPDX-License-Identifier: Apache-2.0
#include "engine/update_in_backward.h"

#include <gtest/gtest.h>

#include <memory>

#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/recompute.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

// A small network, one of whose parameters is used twice, one by a part that is computed again and one by
// nobody.
struct Network {
    Variable once{Tensor::from<float>({2, 3}, {1, -2, 0.5, 0.25, 3, -1}), true};
    Variable twice{Tensor::from<float>({3}, {0.5, -1, 2}), true};
    Variable again{Tensor::from<float>({3}, {1.5, 1, -2}), true};
    Variable unused{Tensor::from<float>({2}, {7, 8}), true};

    [[nodiscard]] std::vector<FlatParameters::Entry> entries() const {
        return {{"once", once}, {"twice", twice}, {"again", again}, {"unused", unused}};
    }
    [[nodiscard]] Variable loss(int step) const {
        const Variable x(Tensor::from<float>({1, 2}, {1.0f + float(step), -0.5f}));
        const Variable hidden = silu(multiply(matmul(x, once), twice));
        const Variable part =
            recompute(hidden, [this](const Variable& y) { return silu(multiply(y, again)); });
        return sum(multiply(part, twice));
    }
};

std::unique_ptr<Optimizer> optimizer_of(FlatParameters& parameters, bool adam) {
    return adam ? make_adam(parameters, {.learning_rate = 0.1, .weight_decay = 0.01})
                : make_sgd(parameters, {.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01});
}

TEST(UpdateInBackward, GivesTheBytesOfOneUpdateOfAll) {
    for (const bool adam : {true, false}) {
        const Network plain, updated;
        FlatParameters flat(plain.entries());
        const auto optimizer = optimizer_of(flat, adam);
        UpdateInBackward updates;
        FlatParameters parts(updated.entries(), &updates);
        const auto other = optimizer_of(parts, adam);
        updates.use(*other, parts);
        for (int step = 0; step < 4; ++step) {
            flat.clear_gradients();
            plain.loss(step).backward();
            optimizer->step();
            other->prepare();
            updates.begin();
            updated.loss(step).backward();
            updates.finish();
        }
        EXPECT_TRUE(same_bytes(parts.values(), flat.values())) << "adam: " << adam;
        const auto kept = optimizer->state(), found = other->state();
        for (const auto& [name, tensor] : kept) EXPECT_TRUE(same_bytes(found.at(name), tensor)) << name;
        EXPECT_FALSE(parts.gradients().defined());
        EXPECT_FALSE(updated.once.gradient().defined());
    }
}

// A value may change only when nothing of the pass reads it any more.
TEST(UpdateInBackward, AParameterOfSeveralOpsIsUpdatedOnceAfterTheLast) {
    struct Sink : GradientSink {
        void take(size_t index, const Tensor& gradient) override {
            EXPECT_EQ(index, 0u);
            gradients.push_back(gradient.to_floats()[0]);
        }
        std::vector<float> gradients;
    } sink;
    const Variable w(Tensor::from<float>({1}, {3}), true);
    FlatParameters parameters({{"w", w}}, &sink);
    (w * w * w).backward();
    EXPECT_EQ(sink.gradients, (std::vector<float>{27}));
}

}  // namespace
}  // namespace unmask
