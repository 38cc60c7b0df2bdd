// SPDX-License-Identifier: Apache-2.0
// Inference on the emulated GPU: recorded once for each batch size and run again on other images.
#include <gtest/gtest.h>

#include "engine/ops/conv2d.h"
#include "models/inference/inference_step.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/models/inference_detector.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

TEST(InferenceStep, RecordedWorkHasTheBytesOfEagerOnOtherImages) {
    for (const DType dtype : {DType::f32, DType::bf16})
        for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems,
                                              BranchSchedule::lockstep, BranchSchedule::parallel}) {
            const auto detector = inference_detector("resnet18", gpu, schedule);
            InferenceStep recorded(*detector, gpu, dtype), eager(*detector, gpu, dtype, false);
            for (uint64_t seed = 0; seed < 5; ++seed)
                for (const int64_t batch : {1, 3}) {
                    const Tensor input = noise_images(batch, seed);
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
        const auto detector = inference_detector("resnet18", gpu, schedule);
        InferenceStep step(*detector, gpu);
        const Tensor input = noise_images(2, 1);
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
