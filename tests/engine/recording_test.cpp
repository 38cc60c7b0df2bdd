// SPDX-License-Identifier: Apache-2.0
#include "engine/recording.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/error.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"

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

TEST(RecordingDeathTest, ReadingWhatIsNotComputedYetIsABug) {
    const Tensor x = row({1, 2});
    EXPECT_DEATH(Recording([&] { (void)relu(Variable(x)).value().to_floats(); }), "tensor.cpp");
}

}  // namespace
}  // namespace unmask
