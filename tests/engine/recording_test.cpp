// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/kernel_observer.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "tests/support/expect_error.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

Tensor row(std::vector<float> values) {
    return Tensor::from({1, static_cast<int64_t>(values.size())}, values);
}

TEST(Recording, RunsOnTheInputsOfTheMoment) {
    const Tensor x = row({1, -2, 3});
    Tensor y;
    Recording recording([&] { y = relu(add(Variable(x), Variable(x))).value(); });
    EXPECT_EQ(recording.calls(), 2u);
    recording.run();
    EXPECT_EQ(y.to_floats(), (std::vector<float>{2, 0, 6}));
    x.data<float>()[1] = 5;
    recording.run();
    EXPECT_EQ(y.to_floats(), (std::vector<float>{2, 10, 6}));
}

TEST(Recording, NothingRunsWhileItRecords) {
    Tensor x = row({1, 2, 3});
    Recording recording([&] {
        Tensor zero = Tensor::zeros({1, 3});
        x.copy_from(zero);
    });
    EXPECT_EQ(x.to_floats(), (std::vector<float>{1, 2, 3}));
    recording.run();
    EXPECT_EQ(x.to_floats(), (std::vector<float>{0, 0, 0}));
}

TEST(Recording, TensorsWithoutACommonStepShareTheirPlace) {
    const Tensor x = Tensor::full({64, 64}, 0.5);
    Tensor y;
    Recording recording([&] {
        Variable value(x);
        for (int i = 0; i < 10; ++i) value = relu(value);
        y = value.value();
    });
    EXPECT_EQ(recording.calls(), 10u);
    EXPECT_EQ(recording.arena_bytes(), 2 * x.bytes());
    EXPECT_EQ(recording.floor_bytes(), 2 * x.bytes());
    recording.run();
    EXPECT_EQ(y.to_floats(), x.to_floats());
}

TEST(Recording, ResultsKeepTheirPlaces) {
    const Tensor x = Tensor::full({1, 256}, 2.0);
    Tensor early, late;
    Recording recording([&] {
        early = add(Variable(x), Variable(x)).value();
        Variable value(early);
        for (int i = 0; i < 10; ++i) value = add(value, Variable(x));
        late = value.value();
    });
    recording.run();
    EXPECT_EQ(early.to_floats(), Tensor::full({1, 256}, 4.0).to_floats());
    EXPECT_EQ(late.to_floats(), Tensor::full({1, 256}, 24.0).to_floats());
}

TEST(Recording, ResultsOutliveIt) {
    const Tensor x = row({1, 2});
    Tensor y;
    {
        Recording recording([&] { y = add(Variable(x), Variable(x)).value(); });
        recording.run();
    }
    EXPECT_EQ(y.to_floats(), (std::vector<float>{2, 4}));
}

TEST(Recording, ConstantsOfHostCodeAreComputedAtOnce) {
    const Tensor x = row({1, 2});
    Tensor y;
    Recording recording([&] {
        const Tensor ten = Tensor::full({1, 2}, 10.0), more = row({0.5f, 0.25f});
        const Tensor converted = Tensor::from<double>({1, 2}, {1.0, 2.0}).to(DType::f32);
        y = add(add(add(Variable(x), Variable(ten)), Variable(more)), Variable(converted)).value();
    });
    EXPECT_EQ(recording.calls(), 3u);
    recording.run();
    EXPECT_EQ(y.to_floats(), (std::vector<float>{12.5f, 14.25f}));
}

// Chain i of `chains` adds x so often that the sums tell the chains apart; what comes after joins them.
struct Chained {
    static constexpr int steps = 6;
    Tensor x = Tensor::full({64, 64}, 1.0);
    Tensor total;

    void work(int chains) {
        std::vector<Variable> results;
        const Variable doubled = add(Variable(x), Variable(x));
        {
            Chains forked(cpu_device, chains);
            for (int chain = 0; chain < chains; ++chain) {
                forked.use(chain);
                Variable value = doubled;
                for (int i = 0; i < steps + chain; ++i) value = add(value, Variable(x));
                results.push_back(value);
            }
        }
        Variable sum = results.front();
        for (size_t i = 1; i < results.size(); ++i) sum = add(sum, results[i]);
        total = sum.value();
    }
    static float expected(int chains) {
        float sum = 0;
        for (int chain = 0; chain < chains; ++chain) sum += 2.0f + static_cast<float>(steps + chain);
        return sum;
    }
};

TEST(Recording, ChainsSideBySideHaveTheirOwnMemory) {
    for (const int threads : {1, 2, 4})
        for (const int chains : {1, 2, 3, 4, 8}) {
            const ThreadScope scope(threads);
            Chained chained;
            Recording recording([&] { chained.work(chains); });
            for (int run = 0; run < 20; ++run) {
                recording.run();
                const std::vector<float> found = chained.total.to_floats();
                ASSERT_EQ(std::set<float>(found.begin(), found.end()),
                          (std::set<float>{Chained::expected(chains)}))
                    << threads << " threads, " << chains << " chains, run " << run;
            }
        }
}

// Each lane needs two tensors of its own at once.
TEST(Recording, ChainsOneAfterTheOtherShareMemory) {
    const auto arena = [](int threads, int chains) {
        const ThreadScope scope(threads);
        Chained chained;
        const Recording recording([&] { chained.work(chains); });
        return recording.arena_bytes() / chained.x.bytes();
    };
    EXPECT_EQ(arena(4, 3), arena(1, 3)) << "fewer chains than threads use all threads one after the other";
    {
        const ThreadScope scope(2);
        if (thread_count() == 1) GTEST_SKIP() << "this build has no OpenMP: one thread";
    }
    EXPECT_GT(arena(2, 4), arena(1, 4));
    EXPECT_LE(arena(2, 4), arena(1, 4) + 4);
}

TEST(Recording, AChainKeepsToOneThreadWhereverItRuns) {
    const ThreadScope scope(2);
    if (thread_count() == 1) GTEST_SKIP() << "this build has no OpenMP: one thread";
    std::set<std::thread::id> threads;
    std::mutex guard;
    Recording recording([&] {
        Chains forked(cpu_device, 2);
        for (int chain = 0; chain < 2; ++chain) {
            forked.use(chain);
            for (int i = 0; i < 4; ++i)
                Recording::current()->add([&] {
                    EXPECT_EQ(thread_count(), 1);
                    EXPECT_EQ(thread_index(), 0);
                    const std::lock_guard lock(guard);
                    threads.insert(std::this_thread::get_id());
                });
        }
    });
    recording.run();
    EXPECT_EQ(threads.size(), 2u);
    EXPECT_EQ(thread_count(), 2);
}

TEST(Recording, AnErrorInAChainEndsTheRunAndTheNextOneIsWhole) {
    const ThreadScope scope(2);
    bool failing = true;
    int after = 0;
    Recording recording([&] {
        {
            Chains forked(cpu_device, 2);
            for (int chain = 0; chain < 2; ++chain) {
                forked.use(chain);
                Recording::current()->add([&failing, chain] {
                    if (failing && chain == 1) throw Error("lost");
                });
            }
        }
        Recording::current()->add([&] { ++after; });
    });
    EXPECT_THROW(recording.run(), Error);
    EXPECT_EQ(after, 0);
    failing = false;
    recording.run();
    EXPECT_EQ(after, 1);
}

TEST(Recording, AnObserverSeesTheCallsOfAllChains) {
    struct Counting : KernelObserver {
        int calls = 0;
        void called(const KernelCall&) override { ++calls; }
    };
    const ThreadScope scope(2);
    Chained chained;
    Recording recording([&] { chained.work(2); });
    Counting counting;
    recording.run();
    EXPECT_EQ(counting.calls, static_cast<int>(recording.calls()));
    EXPECT_EQ(chained.total.to_floats().front(), Chained::expected(2));
}

// A parameter of two chains: the second adds to its gradient when the first has.
TEST(Recording, ChainsThatFeedOneGradientAreJoinedBefore) {
    for (const bool pinned : {false, true}) {
        const ThreadScope scope(2);
        Variable w(Tensor::full({1 << 16}, 3.0), true);
        if (pinned) w.pin_gradient(Tensor::zeros({1 << 16}));
        Tensor gradient;
        Recording recording([&] {
            std::vector<Variable> parts;
            {
                Chains chains(cpu_device, 2);
                for (int chain = 0; chain < 2; ++chain) {
                    chains.use(chain);
                    parts.push_back(affine(multiply(w, w), chain + 1.0));
                }
            }
            add(parts[0], parts[1]).backward(Tensor::full({1 << 16}, 1.0));
            gradient = w.gradient();
        });
        for (int run = 0; run < 20; ++run) {
            if (pinned) gradient.fill_zero();
            recording.run();
            const std::vector<float> found = gradient.to_floats();
            ASSERT_EQ(std::set<float>(found.begin(), found.end()), (std::set<float>{18}))
                << "pinned: " << pinned << ", run " << run;
        }
    }
}

TEST(Recording, AnotherThreadsCallsRun) {
    const Tensor x = row({1, 2});
    std::vector<float> elsewhere;
    Recording recording(
        [&] { std::thread([&] { elsewhere = add(Variable(x), Variable(x)).value().to_floats(); }).join(); });
    EXPECT_EQ(recording.calls(), 0u);
    EXPECT_EQ(elsewhere, (std::vector<float>{2, 4}));
}

TEST(Recording, IsNotNestedAndAnExceptionEndsIt) {
    EXPECT_THROW(Recording([] { Recording inner([] {}); }), Error);
    EXPECT_EQ(Recording::current(), nullptr);
    EXPECT_THROW(Recording([] { throw Error("no"); }), Error);
    EXPECT_EQ(Recording::current(), nullptr);
}

TEST(Recording, ReadingWhatIsNotComputedYetIsAnError) {
    const Tensor x = row({1, 2});
    const auto refuse = [&](auto&& read) {
        expect_error([&] { Recording([&] { read(relu(Variable(x)).value()); }); },
                     {"tensor f32 [1, 2]", "expected memory", "recorded work"});
    };
    refuse([](const Tensor& y) { (void)y.to_floats(); });
    refuse([](const Tensor& y) { (void)y.to(DType::f64); });
    refuse([](const Tensor& y) { (void)y.data<float>(); });
    EXPECT_EQ(Recording::current(), nullptr);
}

}  // namespace
}  // namespace unmask
