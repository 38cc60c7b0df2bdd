// SPDX-License-Identifier: Apache-2.0
// The heads and the objective on the emulated GPU: the number of launches, labels out of range, captured
// work.
#include "losses/objective.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "models/heads.h"
#include "tests/simt/machine.h"
#include "tests/simt/order_scope.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

Tensor labels_of(std::vector<int64_t> labels, int64_t rows) {
    labels.resize(static_cast<size_t>(rows));
    return Tensor::from({rows}, labels, gpu);
}

HeadLogits heads_of(int64_t rows, int leave_one_out) {
    HeadLogits heads{{projection({rows, 2}, DType::f32, gpu), true},
                     {projection({rows + 1, 2}, DType::f32, gpu).rows(1, rows + 1).clone(), true},
                     {}};
    for (int i = 2; i < leave_one_out + 2; ++i)
        heads.leave_one_out.emplace_back(projection({rows + i, 2}, DType::f32, gpu).rows(i, rows + i).clone(),
                                         true);
    return heads;
}

// Forward: the heads 1, the objective 1. Backward: the objective's gradients times the incoming one 1, the
// heads 2 (z and partial sums over the rows, then the sums); splitting and reshaping are views. The gradients
// of leaves that are not pinned are handed over.
constexpr int64_t launches_of_heads_and_objective = 5;

TEST(CudaObjective, TakesFewLaunches) {
    for (const DivergenceEntry& entry : divergences())
        for (const int branches : {1, 4}) {
            SCOPED_TRACE(entry.name);
            constexpr int64_t rows = 40, features = 6;
            BranchHeads head(branches, features);
            head.initialize(3);
            head.to(gpu);
            Objective objective({.divergence = entry.kind});
            objective.to(gpu);
            const Variable z(projection({rows, branches * features}, DType::f32, gpu), true);
            const Variable global(projection({rows, 2}, DType::f32, gpu), true);
            const Targets targets{labels_of({0, 1, 1}, rows), {}, 1.0, {}};
            const int64_t before = simt::launches();
            BranchHeads::Logits logits = head.forward(z);
            const ObjectiveResult result =
                objective.forward({global, logits.joint, logits.leave_one_out}, targets);
            result.total.backward();
            EXPECT_LE(simt::launches() - before, launches_of_heads_and_objective);
            EXPECT_TRUE(z.gradient().defined() && global.gradient().defined());
            for (const auto& [name, parameter] : head.parameters())
                EXPECT_TRUE(parameter.gradient().defined()) << name;
        }
}

TEST(CudaObjective, IsNoNumberForLabelsOrSharesOutOfRange) {
    Objective objective({});
    objective.to(gpu);
    const auto total = [&](const Targets& targets) {
        return objective.forward(heads_of(3, 2), targets).total.value().item();
    };
    const Tensor good = labels_of({0, 1, 1}, 3);
    const Tensor half = Tensor::full({1}, 0.5, DType::f32, gpu),
                 above = Tensor::full({1}, 1.5, DType::f32, gpu);
    EXPECT_TRUE(std::isfinite(total({good, good, 1.0, half})));
    EXPECT_TRUE(std::isnan(total({labels_of({0, 1, 2}, 3), {}, 1.0, {}})));
    EXPECT_TRUE(std::isnan(total({labels_of({-1, 1, 0}, 3), {}, 1.0, {}})));
    EXPECT_TRUE(std::isnan(total({good, labels_of({0, 5, 0}, 3), 1.0, half})));
    EXPECT_TRUE(std::isnan(total({good, good, 1.0, above})));
}

// Sinkhorn's blocks meet at a counter, and which of them goes on depends on the order: where memory is
// watched, each order shows other races.
TEST(CudaObjective, SameBytesWhicheverBlockComesLast) {
    Objective objective({.divergence = Divergence::sinkhorn, .weighting = Weighting::fixed});
    const auto terms = [&](simt::Order order) {
        const simt::OrderScope scope(order);
        HeadLogits heads = heads_of(40, 3);
        const ObjectiveResult result = objective.forward(heads, {labels_of({0, 1, 1}, 40), {}, 1.0, {}});
        result.total.backward();
        return std::vector{result.terms, heads.global.gradient(), heads.joint.gradient()};
    };
    const std::vector<Tensor> forward = terms(simt::Order::forward);
    for (const simt::Order order : simt::orders) {
        const std::vector<Tensor> found = terms(order);
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(same_bytes(found[i], forward[i])) << simt::name_of(order) << " " << i;
    }
}

TEST(CudaObjective, CapturedWorkFollowsLabelsAndShare) {
    for (const DivergenceEntry& entry : divergences()) {
        SCOPED_TRACE(entry.name);
        std::unique_ptr<CapturedWork> work;  // outlives the tensors in its memory
        Objective objective({.divergence = entry.kind, .weighting = Weighting::fixed});
        const HeadLogits heads = heads_of(5, 2);
        Targets targets{labels_of({0, 1, 1}, 5), labels_of({1, 1, 0}, 5), 1.0,
                        Tensor::full({1}, 0.5, DType::f32, gpu)};
        const Tensor one = Tensor::full({}, 1.0, DType::f32, gpu);
        Tensor terms;
        work = context_of(gpu)->capture([&] {
            const ObjectiveResult result = objective.forward(heads, targets);
            terms = result.terms;
            result.total.backward(one);
        });
        for (const float share : {0.25f, 0.75f}) {
            targets.device_lambda.copy_from(Tensor::full({1}, share));
            targets.labels.copy_from(Tensor::from({5}, std::vector<int64_t>{1, 0, share > 0.5f, 0, 1}));
            work->run();
            const HeadLogits same = heads_of(5, 2);
            const ObjectiveResult expected = objective.forward(same, targets);
            expected.total.backward(one);
            EXPECT_TRUE(same_bytes(terms, expected.terms));
            EXPECT_TRUE(same_bytes(heads.global.gradient(), same.global.gradient()));
            EXPECT_TRUE(same_bytes(heads.leave_one_out[1].gradient(), same.leave_one_out[1].gradient()));
        }
    }
}

}  // namespace
}  // namespace unmask
