// SPDX-License-Identifier: Apache-2.0
// A GPU's images have a fourth channel of zeros, in evaluation as in training; the answers are those of
// three.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/compute.h"
#include "tests/models/inference_detector.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

TEST(ModelInput, HasAFourthChannelOfZerosOnAGpu) {
    const Tensor three = noise_images(2, 7);
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
        const auto detector = inference_detector("resnet18", gpu, schedule);
        const Tensor given = noise_images(2, 7);
        const std::vector<double> three = detector->infer(given.to(gpu)).to_doubles(),
                                  four =
                                      detector->infer(model_input(given, {gpu, Precision::f32})).to_doubles();
        ASSERT_EQ(four.size(), three.size());
        for (size_t i = 0; i < three.size(); ++i)
            EXPECT_NEAR(four[i], three[i], 1e-5 * (1 + std::abs(three[i]))) << name_of(schedule);
    }
}

}  // namespace
}  // namespace unmask
