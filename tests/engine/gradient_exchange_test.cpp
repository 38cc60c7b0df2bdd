// SPDX-License-Identifier: Apache-2.0
#include "engine/gradient_exchange.h"

#include <gtest/gtest.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/gather_batch.h"
#include "engine/ops/reduce.h"
#include "tests/support/rank_threads.h"

namespace unmask {
namespace {

Variable parameter(std::vector<double> values) {
    return {Tensor::from<double>({static_cast<int64_t>(values.size())}, values), true};
}

TEST(GatherBatch, EveryRankSeesAllRowsAndTakesItsGradientBack) {
    RankThreads group(3);
    group.run([](Communicator& ranks) {
        const double own = ranks.rank();
        const Variable x(Tensor::from<double>({2, 2}, std::vector<double>{own, own + 10, own + 20, own + 30}),
                         true);
        const Variable all = gather_batch(x, ranks);
        EXPECT_EQ(all.value().to_doubles(),
                  (std::vector<double>{0, 10, 20, 30, 1, 11, 21, 31, 2, 12, 22, 32}));
        sum(square(all)).backward();
        EXPECT_EQ(x.gradient().to_doubles(),
                  (std::vector<double>{2 * own, 2 * own + 20, 2 * own + 40, 2 * own + 60}));
    });
}

TEST(GradientExchange, AddsSharedGradientsAndLeavesTheRest) {
    RankThreads group(2);
    group.run([](Communicator& ranks) {
        const Variable first = parameter({1, 2}), last = parameter({3}), whole = parameter({4}),
                       unused = parameter({5});
        FlatParameters flat(
            {{"shared.first", first}, {"whole", whole}, {"shared.last", last}, {"shared.unused", unused}});
        GradientExchange exchange(
            flat, [](const std::string& name) { return name.starts_with("shared."); }, ranks, 8);
        EXPECT_EQ(exchange.buckets(), 3u);
        for (int pass = 1; pass <= 2; ++pass) {
            flat.clear_gradients();
            exchange.begin();
            const ListenToGradients listening(&exchange);
            const double factor = (ranks.rank() + 1) * pass;
            // `first` is fed by two ops.
            (affine(sum(first), factor) + affine(sum(square(first)), factor) + affine(sum(last), factor) +
             sum(whole))
                .backward();
            EXPECT_EQ(exchange.early(), 2u);  // all but the bucket of `unused`
            exchange.finish();
            const double both = 3.0 * pass;
            EXPECT_EQ(first.gradient().to_doubles(), (std::vector<double>{3 * both, 5 * both}));
            EXPECT_EQ(last.gradient().to_doubles(), (std::vector<double>{both}));
            EXPECT_EQ(whole.gradient().to_doubles(), (std::vector<double>{1}));
            EXPECT_EQ(unused.gradient().to_doubles(), (std::vector<double>{0}));
        }
    });
}

// Buckets go out in the order of backward, before it is over.
TEST(GradientExchange, SendsBucketsWhileBackwardGoesOn) {
    struct Recording final : Communicator {
        std::vector<const void*> begun;
        int finished = 0;
        [[nodiscard]] int rank() const override { return 0; }
        [[nodiscard]] int size() const override { return 1; }
        [[nodiscard]] Device device() const override { return cpu_device; }
        void all_gather(const Tensor& own, Tensor& all) override { all.copy_from(own); }
        void all_reduce(Tensor&) override {}
        void broadcast(Tensor&, int) override {}
        void begin_all_reduce(Tensor values) override { begun.push_back(values.raw()); }
        void finish_all_reduces() override { ++finished; }
    } ranks;
    const Variable a = parameter({1}), b = parameter({2}), c = parameter({3});
    FlatParameters flat({{"a", a}, {"b", b}, {"c", c}});
    GradientExchange exchange(
        flat, [](const std::string&) { return true; }, ranks, 8);
    ASSERT_EQ(exchange.buckets(), 3u);
    exchange.begin();
    const ListenToGradients listening(&exchange);
    std::vector<size_t> seen;  // buckets that were out when the op between two layers was walked
    const auto watched = [&](const Variable& x) {
        return record("watched", x.value(), {x}, [&](const Tensor& gradient, const auto&) {
            seen.push_back(ranks.begun.size());
            return std::vector<Tensor>{gradient};
        });
    };
    sum(watched(watched(a * a) * b) * c).backward();
    EXPECT_EQ(seen, (std::vector<size_t>{1, 2}));
    EXPECT_EQ(ranks.begun,
              (std::vector<const void*>{c.gradient().raw(), b.gradient().raw(), a.gradient().raw()}));
    EXPECT_EQ(exchange.early(), 3u);
    exchange.finish();
    EXPECT_EQ(ranks.begun.size(), 3u);
    EXPECT_EQ(ranks.finished, 1);
}

}  // namespace
}  // namespace unmask
