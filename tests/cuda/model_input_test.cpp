// SPDX-License-Identifier: Apache-2.0
// A GPU's images have a fourth channel of zeros, in evaluation as in training; the answers are those of
// three.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/compute.h"
#include "engine/philox.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

Tensor images() {
    const Philox random(7, "images");
    Tensor result = Tensor::empty({2, 32, 32, 3});
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] = 2.0f * random.uniform(0, static_cast<uint64_t>(i)) - 1.0f;
    return result;
}

TEST(ModelInput, HasAFourthChannelOfZerosOnAGpu) {
    const Tensor three = images();
    EXPECT_TRUE(same_bytes(model_input(three, {}), three));
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
        const Tensor four = model_input(three, {gpu, precision});
        EXPECT_EQ(four.shape(), Shape({2, 32, 32, 4}));
        EXPECT_EQ(four.dtype(), image_dtype(precision));
        const std::vector<double> found = four.to(cpu_device).to_doubles(),
                                  given = three.to(image_dtype(precision)).to_doubles();
        for (size_t pixel = 0; pixel < found.size() / 4; ++pixel)
            for (size_t c = 0; c < 4; ++c)
                ASSERT_EQ(found[4 * pixel + c], c < 3 ? given[3 * pixel + c] : 0.0) << pixel << " " << c;
    }
    const Tensor four = model_input(three, {gpu, Precision::f32});
    EXPECT_EQ(model_input(four, {gpu, Precision::f32}).shape(), four.shape());
}

TEST(ModelInput, TheAnswersAreThoseOfThreeChannels) {
    for (const BranchSchedule schedule :
         {BranchSchedule::separate, BranchSchedule::merged_stems, BranchSchedule::lockstep}) {
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.25, .size = 32});
        detector.initialize(3);
        detector.to(gpu);
        detector.set_training(false);
        detector.prepare_inference();
        detector.set_branch_schedule(schedule);
        const std::vector<double> three = detector.infer(images().to(gpu)).to_doubles(),
                                  four = detector.infer(model_input(images(), {gpu, Precision::f32}))
                                             .to_doubles();
        ASSERT_EQ(four.size(), three.size());
        for (size_t i = 0; i < three.size(); ++i)
            EXPECT_NEAR(four[i], three[i], 1e-5 * (1 + std::abs(three[i]))) << name_of(schedule);
    }
}

}  // namespace
}  // namespace unmask
