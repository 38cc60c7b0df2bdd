// SPDX-License-Identifier: Apache-2.0
// A detector on several ranks computes what it computes alone on their whole batch.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/gradient_exchange.h"
#include "layers/initialization.h"
#include "losses/objective.h"
#include "models/detector.h"
#include "tests/support/compare.h"
#include "tests/support/rank_threads.h"

namespace unmask {
namespace {

constexpr int64_t batch = 12, size = 33;

struct Step {
    std::map<std::string, Tensor> gradients, state;
    Tensor logits, terms;
};

// One forward and backward pass of rows [begin, end) of the batch; dropout on.
Step step_on(DType dtype, Divergence divergence, Communicator* ranks, int recomputed_stages = no_stage) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = size, .dropout = 0.5});
    detector.initialize(3);
    detector.to(dtype);
    Objective objective({.divergence = divergence});
    objective.to(dtype);
    std::vector<FlatParameters::Entry> entries;
    for (auto& [name, variable] : detector.parameters()) entries.push_back({name, variable});
    for (auto& [name, variable] : objective.parameters("objective")) entries.push_back({name, variable});
    FlatParameters flat(entries);
    detector.set_dropout(5, uint64_t{7});
    Tensor images = Tensor::empty({batch, size, size, 3});
    fill_normal(images, 1.0, 1, "images");
    images = images.to(dtype);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < batch; ++i) labels.push_back(i % 3 == 0 ? 1 : 0);
    const Targets targets{.labels = Tensor::from<int64_t>({batch}, labels)};
    std::optional<GradientExchange> exchange;
    detector.set_recompute(recomputed_stages);
    if (ranks != nullptr) {
        detector.set_communicator(ranks);
        exchange.emplace(flat, &Detector::has_partial_gradient, *ranks, size_t{64} << 10);
        exchange->begin();
        const int64_t share = batch / ranks->size();
        images = images.rows(share * ranks->rank(), share * (ranks->rank() + 1)).clone();
    }
    Step result;
    const HeadLogits heads = detector.forward(images);
    const ObjectiveResult loss = objective.forward(heads, targets);
    {
        const ListenToGradients listening(exchange ? &*exchange : nullptr);
        loss.total.backward();
    }
    if (exchange) {
        EXPECT_GT(exchange->buckets(), 3u);
        EXPECT_EQ(exchange->early(), exchange->buckets());
        exchange->finish();
    }
    for (const auto& [name, variable] : entries) result.gradients[name] = variable.gradient().clone();
    for (const auto& [name, tensor] : detector.state()) result.state[name] = tensor.clone();
    result.logits = heads.global.value();
    result.terms = loss.terms;
    return result;
}

class DetectorRanks : public testing::TestWithParam<Divergence> {};

TEST_P(DetectorRanks, AgreeWithOneProcessOnTheWholeBatch) {
    const Step alone = step_on(DType::f64, GetParam(), nullptr);
    for (const int count : {2, 3}) {
        RankThreads group(count);
        group.run([&](Communicator& ranks) {
            const Step part = step_on(DType::f64, GetParam(), &ranks);
            EXPECT_LT(difference(part.logits, alone.logits).relative, 1e-11);
            EXPECT_LT(difference(part.terms, alone.terms).relative, 1e-12);
            for (const auto& [name, gradient] : alone.gradients) {
                // A bias before a batch norm has no gradient but rounding.
                const Difference apart = difference(part.gradients.at(name), gradient);
                EXPECT_TRUE(apart.relative < 1e-9 || apart.largest < 1e-14)
                    << name << ": " << apart.relative << ", " << apart.largest;
            }
            for (const auto& [name, tensor] : alone.state)  // running statistics among them
                EXPECT_LT(difference(part.state.at(name), tensor).relative, 1e-11) << name;
        });
    }
}

TEST_P(DetectorRanks, AreTheSameBytesOnEveryRank) {
    RankThreads group(2);
    std::array<Step, 2> steps;
    group.run(
        [&](Communicator& ranks) { steps[size_t(ranks.rank())] = step_on(DType::f32, GetParam(), &ranks); });
    for (const auto& [name, gradient] : steps[0].gradients)
        EXPECT_TRUE(same_bytes(gradient, steps[1].gradients.at(name))) << name;
    for (const auto& [name, tensor] : steps[0].state)
        EXPECT_TRUE(same_bytes(tensor, steps[1].state.at(name))) << name;
}

TEST_P(DetectorRanks, RecomputeToTheSameBytes) {
    RankThreads group(2);
    group.run([&](Communicator& ranks) {
        const Step kept = step_on(DType::f32, GetParam(), &ranks),
                   recomputed = step_on(DType::f32, GetParam(), &ranks, every_stage);
        for (const auto& [name, gradient] : kept.gradients)
            EXPECT_TRUE(same_bytes(recomputed.gradients.at(name), gradient)) << name;
        for (const auto& [name, tensor] : kept.state)
            EXPECT_TRUE(same_bytes(recomputed.state.at(name), tensor)) << name;
    });
}

INSTANTIATE_TEST_SUITE_P(Divergences, DetectorRanks, testing::Values(Divergence::kl, Divergence::sinkhorn),
                         [](const auto& info) {
                             return std::string(info.param == Divergence::kl ? "Kl" : "Sinkhorn");
                         });

}  // namespace
}  // namespace unmask
