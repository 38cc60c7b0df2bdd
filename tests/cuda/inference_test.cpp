// SPDX-License-Identifier: Apache-2.0
// Inference on the emulated GPU: recorded once for each batch size and run again on other images.
#include <gtest/gtest.h>

#include "apps/batch_scorer.h"
#include "cuda/split_k_conv2d.h"
#include "engine/kernel_observer.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/pool.h"
#include "models/inference/inference_step.h"
#include "tests/cuda/replaced_kernel.h"
#include "tests/models/inference_detector.h"
#include "tests/simt/machine.h"
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

// As on a GPU where timing finds that kernel the fastest.
TEST(InferenceStep, ConvolutionsOfFewPixelsAreSideBySideByTheirOwnKernel) {
    static int own_calls = 0;
    using Slot = ReplacedKernel<void(const Tensor&, const Tensor&, const Tensor&, const Tensor&, Tensor&,
                                     const Conv2dParams&)>;
    const Tensor input = noise_images(1, 3);
    const auto detector = inference_detector("resnet18", gpu, BranchSchedule::parallel);
    const Tensor by_the_library =
        InferenceStep(*detector, gpu, DType::bf16, false).enqueue(input).to(cpu_device);
    const Slot own(conv2d_forward, [](const Tensor& x, const Tensor& weight, const Tensor& bias,
                                      const Tensor& residual, Tensor& y, const Conv2dParams& params) {
        const std::vector<int> slices = split_k_conv2d_slices(x, weight, bias, residual, y, params);
        if (slices.empty()) return Slot::before(x, weight, bias, residual, y, params);
        ++own_calls;
        split_k_conv2d_forward(x, weight, bias, residual, y, params, slices.back());
    });
    InferenceStep eager(*detector, gpu, DType::bf16, false), recorded(*detector, gpu, DType::bf16);
    const Tensor expected = eager.enqueue(input).to(cpu_device);
    EXPECT_EQ(own_calls, 19 * detector->options().branches);  // not the stem, of images with three channels
    EXPECT_LE(difference(expected, by_the_library).relative, 0.02);
    for (int run = 0; run < 5; ++run)
        EXPECT_TRUE(same_bytes(recorded.enqueue(input).to(cpu_device), expected)) << "run " << run;
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

// Images that stay in the GPU's memory are read where they are, and left as they are when others come.
TEST(InferenceStep, ImagesThatStayInPlaceAreNeitherCopiedNorOverwritten) {
    const auto detector = inference_detector("resnet18", gpu, BranchSchedule::separate);
    InferenceStep step(*detector, gpu), eager(*detector, gpu, DType::f32, false);
    const Tensor input = noise_images(2, 1), other = noise_images(2, 2);
    Tensor stays = input.to(gpu);
    const Tensor expected = eager.enqueue(input).to(cpu_device),
                 of_other = eager.enqueue(other).to(cpu_device);
    for (int run = 0; run < 4; ++run)
        EXPECT_TRUE(same_bytes(step.enqueue(stays).to(cpu_device), expected)) << run;
    stays.copy_from(other);  // in place: recorded work reads the new ones
    EXPECT_TRUE(same_bytes(step.enqueue(stays).to(cpu_device), of_other));
    for (int run = 0; run < 4; ++run) {
        EXPECT_TRUE(same_bytes(step.enqueue(input.to(gpu)).to(cpu_device), expected)) << run;
        EXPECT_TRUE(same_bytes(step.enqueue(input).to(cpu_device), expected)) << run;
    }
    EXPECT_TRUE(same_bytes(stays.to(cpu_device), other));
}

// As commands score: each batch comes in memory of its own.
TEST(BatchScorer, CallsNoKernelsForBatchesOfASizeThatCameBefore) {
    struct Counter final : KernelObserver {
        int pools = 0;
        void called(const KernelCall& call) override {
            pools += call.of(adaptive_average_pool2d_forward) != nullptr;
        }
    };
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
        const auto detector = inference_detector("resnet18", gpu, BranchSchedule::separate);
        BatchScorer scorer(*detector, {gpu, precision, BranchSchedule::lockstep});
        EXPECT_EQ(detector->branch_schedule(), BranchSchedule::lockstep);
        std::vector<std::vector<double>> scores;
        for (int batch = 0; batch < 6; ++batch) {
            const Tensor images = noise_images(2, uint64_t(batch % 2));
            const Counter counter;
            scores.push_back(scorer.score(images));
            if (batch >= 4) {
                EXPECT_EQ(counter.pools, 0) << batch;
            } else if (batch == 0) {
                EXPECT_EQ(counter.pools, 2);
            }
        }
        EXPECT_EQ(scores[4], scores[0]);
        EXPECT_EQ(scores[5], scores[1]);
        EXPECT_NE(scores[4], scores[5]);
    }
}

// Of few pixels the branches run side by side, with the same bytes; a schedule that is asked for is taken.
TEST(InferenceStep, FewImagesAreScoredWithTheBranchesSideBySide) {
    const auto detector = inference_detector("resnet18", gpu);
    const auto forks_of = [&](BranchSchedule schedule, int64_t batch, bool capture, Tensor& logits) {
        const ScheduleScope scope(*detector, schedule);
        InferenceStep step(*detector, gpu, DType::bf16, capture);
        const Tensor images = noise_images(batch, 5);
        const int64_t before = simt::forks();
        for (int run = 0; run < 3; ++run) logits = step.enqueue(images).to(cpu_device);
        return simt::forks() - before;
    };
    for (const bool capture : {false, true})
        for (const int64_t batch : {1, 2}) {
            Tensor logits, expected;
            EXPECT_EQ(forks_of(BranchSchedule::automatic, batch, capture, logits), 3);
            EXPECT_EQ(forks_of(BranchSchedule::separate, batch, capture, expected), 0);
            EXPECT_TRUE(same_bytes(logits, expected)) << batch;
        }
    constexpr int64_t many = 8 * 224 * 224 / (32 * 32);
    Tensor ignored;
    EXPECT_EQ(forks_of(BranchSchedule::automatic, many, false, ignored), 3);
    EXPECT_EQ(forks_of(BranchSchedule::automatic, many + 1, false, ignored), 0);
    Detector alone({.backbone = "resnet18", .branches = 1, .width = 0.05, .size = 32});
    alone.to(gpu);
    alone.set_training(false);
    const int64_t before = simt::forks();
    static_cast<void>(alone.infer(noise_images(1, 5).to(gpu)));
    EXPECT_EQ(simt::forks(), before);
}

// A service sees batches of many sizes: of more than eight the one that waited longest is forgotten.
TEST(InferenceStep, OfManyBatchSizesTheOnesUsedLastStayRecorded) {
    const auto detector = inference_detector("resnet18", gpu, BranchSchedule::separate);
    InferenceStep step(*detector, gpu), eager(*detector, gpu, DType::f32, false);
    const auto used_bytes = [] { return context_of(gpu)->memory().used_bytes; };
    const auto run = [&](int64_t batch) {
        const Tensor images = noise_images(batch, uint64_t(batch));
        const Tensor expected = eager.enqueue(images).to(cpu_device);
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(same_bytes(step.enqueue(images).to(cpu_device), expected));
    };
    for (int64_t batch = 8; batch > 0; --batch) run(batch);
    const size_t eight = used_bytes();
    run(9);  // and 8 is forgotten, which is nearly as large
    EXPECT_LT(used_bytes(), eight + eight / 8);
    run(8);
    EXPECT_LT(used_bytes(), eight + eight / 8);
}

}  // namespace
}  // namespace unmask
