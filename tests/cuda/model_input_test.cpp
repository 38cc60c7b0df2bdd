// SPDX-License-Identifier: Apache-2.0
// A GPU's images have channels of zeros behind the third, in evaluation as in training; the answers are those
// of three.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/compute.h"
#include "tests/models/inference_detector.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

TEST(ModelInput, HasSixteenBytesAPixelOnAGpu) {
    const Tensor three = noise_images(2, 7);
    EXPECT_TRUE(same_bytes(model_input(three, {}), three));
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
        const Tensor wider = model_input(three, {gpu, precision});
        EXPECT_EQ(wider.dtype(), image_dtype(precision));
        const size_t channels = 16 / size_of(wider.dtype());
        EXPECT_EQ(wider.shape(), Shape({2, 32, 32, int64_t(channels)}));
        const std::vector<double> found = wider.to(cpu_device).to_doubles(),
                                  given = three.to(image_dtype(precision)).to_doubles();
        for (size_t pixel = 0; pixel < found.size() / channels; ++pixel)
            for (size_t c = 0; c < channels; ++c)
                ASSERT_EQ(found[channels * pixel + c], c < 3 ? given[3 * pixel + c] : 0.0)
                    << pixel << " " << c;
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
