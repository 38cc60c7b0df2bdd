// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/needed_memory.h"

#include <gtest/gtest.h>

#include <utility>

#include "apps/bench_work.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

TEST(NeededMemory, IsWhatWasThereAndWhatBackwardReads) {
    const Tensor x = Tensor::full({100}, 2);
    const Variable w(Tensor::full({100}, 3), true);
    NeededMemory needed({x, w.value(), w.value()});
    EXPECT_EQ(needed.kept_bytes(), 800);
    // silu keeps its input, the product; the affine map and its result are kept by nobody.
    const Variable y = affine(silu(multiply(w, Variable(x))), 2, 1);
    y.backward(Tensor::full({100}, 1));
    EXPECT_EQ(needed.saved_bytes(), 400);
    EXPECT_EQ(needed.bytes(), 1200);
}

// Beside what no step can do without there is only what two ops hand each other, and what the allocator
// rounds up (at most an eighth). Once activations are most of it, once parameters are.
TEST(NeededMemory, IsNearlyAllThatATrainingStepTakes) {
    for (const auto& [size, batch] : {std::pair(96, 8), {32, 2}}) {
        BenchOptions options{.mode = "train", .graph = false, .batch = batch};
        options.train.model = {.backbone = "resnet18", .branches = 2, .width = 0.5, .size = size};
        Context& context = *context_of(cpu_device);
        const int64_t before = int64_t(context.memory().used_bytes);
        BenchWork work(options);
        const int64_t needed = needed_by_backward(work);
        // Parameters, gradients and two moments are a part of it.
        EXPECT_GT(needed, 4 * 4 * work.parameter_count());
        EXPECT_EQ(needed_by_backward(work), needed);
        context.reset_peak();
        work.step();
        const int64_t peak = int64_t(context.memory().peak_bytes) - before;
        EXPECT_LE(double(peak), 1.2 * double(needed)) << size << " pixels, batch " << batch;
        EXPECT_GE(peak, needed);
    }
}

// All gradients are never there at once, and what is saved goes as they come.
TEST(NeededMemory, IsMoreThanARecordedTrainingStepTakes) {
    BenchOptions options{.mode = "train", .graph = false, .batch = 8};
    options.train.model = {.backbone = "resnet18", .branches = 2, .width = 0.5, .size = 64};
    const int64_t needed = [&] {
        BenchWork work(options);
        return needed_by_backward(work);
    }();
    options.graph = true;
    Context& context = *context_of(cpu_device);
    const int64_t before = int64_t(context.memory().used_bytes);
    BenchWork work(options);
    work.record();
    context.reset_peak();
    work.step();
    EXPECT_LT(int64_t(context.memory().peak_bytes) - before, needed);
}

}  // namespace
}  // namespace unmask
