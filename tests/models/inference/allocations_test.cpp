// SPDX-License-Identifier: Apache-2.0
// Counts what the process takes from the heap while a recorded inference runs. The C library's allocation
// functions are replaced in this program, so that nothing escapes: operator new, std::aligned_alloc and
// libraries end in them.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "cpu/parallel.h"
#include "engine/kernel.h"
#include "models/inference/inference_step.h"
#include "tests/support/thread_scope.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNMASK_COUNTS 0
#else
#define UNMASK_COUNTS 1
#endif

namespace {
std::atomic<int64_t> allocations{0};
}

#if UNMASK_COUNTS
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
    ++allocations;
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
}
#endif

namespace unmask {
namespace {

int64_t allocations_of_a_run(InferenceStep& step, const Tensor& images) {
    const int64_t before = allocations;
    (void)step.enqueue(images);
    return allocations - before;
}

class Allocations : public testing::TestWithParam<std::string> {};

TEST_P(Allocations, NoneAfterTheFirstCall) {
    if (!UNMASK_COUNTS) GTEST_SKIP() << "the address sanitizer has the allocation functions";
    const PortableScope portable;
    Detector detector({.backbone = GetParam(), .branches = 3, .width = 0.25, .size = 64});
    detector.initialize(1);
    // Kernels of branches side by side that never met in one run may do so in the next, and then need more.
    detector.set_branch_schedule(BranchSchedule::separate);
    for (const int threads : {1, 2}) {
        set_thread_count(threads);
        for (const WeightFormat format : {WeightFormat::f32, WeightFormat::int8}) {
            detector.set_training(false);
            detector.prepare_inference(format);
            InferenceStep step(detector, cpu_device);
            const Tensor images = Tensor::full({2, 64, 64, 3}, 0.25);
            EXPECT_GT(allocations_of_a_run(step, images), 0);
            const size_t reserved = context_of(cpu_device)->memory().reserved_bytes;
            for (int run = 0; run < 3; ++run)
                EXPECT_EQ(allocations_of_a_run(step, images), 0)
                    << threads << " threads, " << name_of(format) << ", run " << run;
            EXPECT_EQ(context_of(cpu_device)->memory().reserved_bytes, reserved);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Backbones, Allocations,
                         testing::Values("resnet18", "resnet50", "mobilenet_v1", "efficientnet_b0"),
                         [](const auto& info) { return info.param; });

TEST(Allocations, TensorsOfOneDnnsPathAreAllThereAfterTheFirstCall) {
    if (!onednn_available()) GTEST_SKIP() << "this build has no oneDNN";
    const ThreadScope threads(2);
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::automatic}) {
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.25, .size = 64});
        detector.initialize(1);
        detector.set_training(false);
        detector.set_branch_schedule(schedule);
        detector.prepare_inference();
        InferenceStep step(detector, cpu_device);
        const Tensor images = Tensor::full({2, 64, 64, 3}, 0.25);
        (void)step.enqueue(images);
        const size_t used = context_of(cpu_device)->memory().used_bytes,
                     reserved = context_of(cpu_device)->memory().reserved_bytes;
        for (int run = 0; run < 3; ++run) (void)step.enqueue(images);
        EXPECT_EQ(context_of(cpu_device)->memory().used_bytes, used) << name_of(schedule);
        if (schedule == BranchSchedule::separate) {
            EXPECT_EQ(context_of(cpu_device)->memory().reserved_bytes, reserved);
        }
    }
}

}  // namespace
}  // namespace unmask
