// SPDX-License-Identifier: Apache-2.0
#include "cpu/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

#include "engine/optimizer.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

class Parallel : public testing::Test {
  protected:
    void TearDown() override { set_thread_count(before_); }

  private:
    int before_ = thread_count();
};

TEST_F(Parallel, VisitsEveryElementOnceInChunksOfTheGrain) {
    for (const int threads : {1, 2, 3}) {
        set_thread_count(threads);
        for (const int64_t count : {0, 1, 9, 10, 11, 95}) {
            std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
            std::atomic<int> chunks = 0;
            parallel_for(count, 10, [&](int64_t begin, int64_t end) {
                ++chunks;
                EXPECT_EQ(begin % 10, 0);
                EXPECT_EQ(end, std::min<int64_t>(count, begin + 10));
                EXPECT_LT(thread_index(), thread_count());
                for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
            });
            EXPECT_EQ(chunks, (count + 9) / 10);
            for (const auto& number : visits) EXPECT_EQ(number, 1);
        }
    }
}

TEST_F(Parallel, RethrowsWhatABodyThrows) {
    set_thread_count(2);
    const auto run = [] {
        parallel_for(100, 1, [](int64_t begin, int64_t) {
            if (begin == 57) throw std::runtime_error("the 57th");
        });
    };
    EXPECT_THROW(run(), std::runtime_error);
    int64_t visits = 0;  // and the next loop works as ever
    parallel_for(1, 1, [&](int64_t, int64_t) { ++visits; });
    EXPECT_EQ(visits, 1);
}

TEST_F(Parallel, NestsOnOneThread) {
    set_thread_count(2);
    std::vector<std::atomic<int>> visits(64);
    parallel_for(8, 1, [&](int64_t outer, int64_t) {
        const int outside = thread_index();
        parallel_for(8, 1, [&](int64_t inner, int64_t) {
            EXPECT_EQ(thread_index(), outside);
            ++visits[static_cast<size_t>(outer * 8 + inner)];
        });
    });
    for (const auto& number : visits) EXPECT_EQ(number, 1);
}

TEST_F(Parallel, RefusesFewerThanOneThread) {
    expect_error([] { set_thread_count(0); }, {"at least 1", "found 0"});
}

// Optimizer steps have no row in the op-case table.
TEST_F(Parallel, OptimizerStepsHaveTheSameBytesForAnyNumberOfThreads) {
    constexpr int64_t count = 50021;
    const auto run = [](int threads) {
        set_thread_count(threads);
        Tensor gradient = Tensor::empty({count}), value = Tensor::empty({count});
        for (int64_t i = 0; i < count; ++i) {
            gradient.data<float>()[i] = static_cast<float>(i % 101) * 0.01f - 0.5f;
            value.data<float>()[i] = static_cast<float>(i % 77) * 0.1f;
        }
        Tensor first = Tensor::zeros({count}), second = Tensor::zeros({count}),
               velocity = Tensor::zeros({count});
        for (int64_t step = 1; step <= 3; ++step) {
            const double kept = step == 1 ? 0.0 : 0.9;
            const UpdateOperands adam{Tensor::from<double>({2}, std::vector<double>{1e-2, 1.1}), {}, {}};
            const UpdateOperands sgd{Tensor::from<double>({2}, std::vector<double>{1e-2, kept}), {}, {}};
            adam_step(gradient, value, first, second, adam, AdamParams{.weight_decay = 1e-2});
            sgd_step(gradient, value, velocity, sgd, SgdParams{.momentum = 0.9, .nesterov = true});
        }
        return value;
    };
    const Tensor one = run(1);
    EXPECT_TRUE(same_bytes(run(2), one));
    EXPECT_TRUE(same_bytes(run(3), one));
}

}  // namespace
}  // namespace unmask
