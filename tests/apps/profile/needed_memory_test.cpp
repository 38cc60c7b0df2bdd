// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/needed_memory.h"

#include <gtest/gtest.h>

#include <utility>

#include "apps/bench_work.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/thread_scope.h"

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

struct RecordedCase {
    const char* backbone;
    int size;
    Winograd winograd = Winograd::inference;
    int recomputed_stages = no_stage;
};

BenchOptions options_of(const RecordedCase& recorded, bool graph) {
    BenchOptions options{.mode = "train", .graph = graph, .batch = 8};
    options.train.model = {.backbone = recorded.backbone, .branches = 2, .width = 0.5, .size = recorded.size};
    options.train.compute.winograd = recorded.winograd;
    options.train.compute.recomputed_stages = recorded.recomputed_stages;
    return options;
}

// What forward leaves for backward, as a step that is not recorded shows.
int64_t saved_for_backward(const RecordedCase& recorded) {
    BenchWork work(options_of(recorded, false));
    const int64_t kept = NeededMemory(work.kept_tensors()).kept_bytes();
    return needed_by_backward(work) - kept;
}

// A recorded step keeps no gradients: each goes into its update. What it needs beside that are one branch's
// gradients on their way for each thread, and Winograd's transformed weights. With recompute a stage's
// activations are there once more while backward passes it, in each branch: less than half of all.
TEST(NeededMemory, IsNearlyAllThatARecordedTrainingStepTakes) {
    const ThreadScope threads(2);
    for (const RecordedCase& recorded : {RecordedCase{"resnet18", 96},
                                         {"resnet18", 128, Winograd::all},
                                         {"resnet18", 96, Winograd::inference, every_stage},
                                         {"mobilenet_v1", 96},
                                         {"mobilenet_v1", 96, Winograd::inference, every_stage}}) {
        const ComputeModeScope mode({.winograd = recorded.winograd});
        int64_t saved = saved_for_backward(recorded);
        if (recorded.recomputed_stages != no_stage) {
            RecordedCase whole = recorded;
            whole.recomputed_stages = no_stage;
            const int64_t of_all = saved_for_backward(whole);
            EXPECT_LT(saved, of_all / 2);
            saved += of_all / 2;
        }
        Context& context = *context_of(cpu_device);
        const int64_t before = int64_t(context.memory().used_bytes);
        BenchWork work(options_of(recorded, true));
        const int64_t kept = NeededMemory(work.kept_tensors()).kept_bytes();
        EXPECT_LT(kept, int64_t(4 * 3.5 * double(work.parameter_count()))) << "gradients are kept";
        work.record();
        context.reset_peak();
        work.step();
        const int64_t peak = int64_t(context.memory().peak_bytes) - before;
        EXPECT_LE(double(peak), 1.2 * double(kept + saved))
            << recorded.backbone << ", " << recorded.size << " pixels, winograd "
            << name_of(recorded.winograd) << ", recompute "
            << recomputed_stages_text(recorded.recomputed_stages);
        EXPECT_GE(peak, kept);
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
