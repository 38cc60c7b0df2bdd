// SPDX-License-Identifier: Apache-2.0
// Inference on the emulated GPU: recorded once for each batch size and run again on other images.
#include <gtest/gtest.h>

#include "engine/ops/conv2d.h"
#include "engine/philox.h"
#include "models/inference/inference_step.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

Tensor images(int64_t batch, uint64_t seed) {
    const Philox random(seed, "images");
    Tensor result = Tensor::empty({batch, 32, 32, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = 2.0f * random.uniform(0, static_cast<uint64_t>(i)) - 1.0f;
    return result;
}

TEST(InferenceStep, RecordedWorkHasTheBytesOfEagerOnOtherImages) {
    for (const DType dtype : {DType::f32, DType::bf16})
        for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems,
                                              BranchSchedule::lockstep, BranchSchedule::parallel}) {
            Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.25, .size = 32});
            detector.initialize(3);
            detector.to(gpu);
            detector.set_training(false);
            detector.prepare_inference();
            detector.set_branch_schedule(schedule);
            InferenceStep recorded(detector, gpu, dtype), eager(detector, gpu, dtype, false);
            for (uint64_t seed = 0; seed < 5; ++seed)
                for (const int64_t batch : {1, 3}) {
                    const Tensor input = images(batch, seed);
                    const Tensor expected = eager.enqueue(input).to(cpu_device);
                    EXPECT_TRUE(same_bytes(recorded.enqueue(input).to(cpu_device), expected))
                        << name_of(dtype) << ", batch " << batch << ", seed " << seed;
                }
        }
}

// The first two runs are eager, the third is recorded: a kernel call in its middle fails. The next images are
// recorded anew.
TEST(InferenceStep, AFailureWhileTheWorkIsRecordedLeavesItUsable) {
    static int calls = 0;
    using Slot = ReplacedKernel<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                     const Conv2dParams&)>;
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::parallel}) {
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.25, .size = 32});
        detector.initialize(3);
        detector.to(gpu);
        detector.set_training(false);
        detector.prepare_inference();
        detector.set_branch_schedule(schedule);
        InferenceStep step(detector, gpu);
        const Tensor input = images(2, 1);
        const auto used_bytes = [] { return context_of(gpu)->memory().used_bytes; };
        const size_t before = used_bytes();
        const Tensor expected = step.enqueue(input).to(cpu_device);
        static_cast<void>(step.enqueue(input));
        EXPECT_GT(used_bytes(), before);
        {
            calls = 0;
            const Slot fault(
                conv2d_forward, [](const Tensor& x, const Tensor& weight, const Tensor& bias,
                                   const Tensor& residual, Tensor& y, const Conv2dParams& params) {
                    if (++calls == 30) {
                        expect_error([] { context_of(gpu)->synchronize(); }, {"captured work cannot"});
                        fail("the device is broken");
                    }
                    Slot::before(x, weight, bias, residual, y, params);
                });
            expect_error([&] { static_cast<void>(step.enqueue(input)); }, {"the device is broken"});
            EXPECT_EQ(calls, 30);
        }
        EXPECT_EQ(used_bytes(), before) << "what was recorded goes, and the images";
        context_of(gpu)->synchronize();  // which captured work and chains refuse
        for (int run = 0; run < 4; ++run)
            EXPECT_TRUE(same_bytes(step.enqueue(input).to(cpu_device), expected))
                << name_of(schedule) << ", run " << run;
    }
}

}  // namespace
}  // namespace unmask
