// SPDX-License-Identifier: Apache-2.0
#include "models/inference/inference_step.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernel_observer.h"
#include "layers/initialization.h"
#include "tests/models/inference_detector.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

class InferenceStepOf : public testing::TestWithParam<std::string> {};

TEST_P(InferenceStepOf, RecordedWorkHasTheBytesOfTheDetectors) {
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems,
                                          BranchSchedule::lockstep, BranchSchedule::parallel}) {
        const auto detector = inference_detector(GetParam(), cpu_device, schedule);
        InferenceStep step(*detector, cpu_device);
        for (uint64_t seed = 0; seed < 3; ++seed)
            for (const int64_t batch : {1, 3}) {
                const Tensor input = noise_images(batch, seed);
                EXPECT_TRUE(same_bytes(step.enqueue(input), detector->infer(input)))
                    << name_of(schedule) << ", batch " << batch << ", seed " << seed;
            }
    }
}

TEST_P(InferenceStepOf, WorksWithoutTheTrainedWeights) {
    for (const WeightFormat format : {WeightFormat::f32, WeightFormat::bf16, WeightFormat::int8}) {
        const auto complete = inference_detector(GetParam()), kept = inference_detector(GetParam());
        complete->prepare_inference(format);
        kept->keep_inference_only(format);
        InferenceStep step(*kept, cpu_device);
        const Tensor input = noise_images(2, 1);
        EXPECT_TRUE(same_bytes(step.enqueue(input), complete->infer(input))) << name_of(format);
    }
}

// Four branches on two threads run two at a time, each kernel on one thread; alone, they use both.
TEST_P(InferenceStepOf, BranchesSideBySideComputeWhatTheyComputeAlone) {
    const ThreadScope threads(2);
    for (const int branches : {2, 3, 4}) {
        Detector detector({.backbone = GetParam(), .branches = branches, .width = 0.25, .size = 32});
        detector.initialize(3);
        detector.set_training(false);
        detector.prepare_inference();
        EXPECT_EQ(detector.branch_schedule(), BranchSchedule::automatic);
        InferenceStep step(detector, cpu_device);
        for (const int64_t batch : {1, 3, 1}) {
            const Tensor input = noise_images(batch, 1);
            const Tensor found = step.enqueue(input).clone();
            detector.set_branch_schedule(BranchSchedule::separate);
            EXPECT_TRUE(same_bytes(found, detector.infer(input))) << branches << " branches, batch " << batch;
            detector.set_branch_schedule(BranchSchedule::automatic);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Backbones, InferenceStepOf,
                         testing::Values("resnet18", "resnet50", "mobilenet_v1", "efficientnet_b0"),
                         [](const auto& info) { return info.param; });

// Where maps are large, a branch on one thread takes the images two by two (Backbone::feature_map_in_slices),
// for which oneDNN may sum in another order.
TEST(InferenceStep, ImagesTwoByTwoHaveTheScoresOfTheBatch) {
    const ThreadScope threads(2);
    for (const char* backbone : {"resnet18", "resnet50"}) {
        Detector detector({.backbone = backbone, .branches = 2, .width = 0.25, .size = 128});
        detector.initialize(3);
        detector.set_training(false);
        detector.prepare_inference();
        Tensor input = Tensor::empty({5, 128, 128, 3});
        fill_normal(input, 1.0, 1, "images");
        InferenceStep step(detector, cpu_device);
        const std::vector<float> found = step.enqueue(input).to_floats();
        detector.set_branch_schedule(BranchSchedule::separate);
        const std::vector<float> expected = detector.infer(input).to_floats();
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-4) << backbone;
        EXPECT_GT(std::abs(expected[0] - expected[2]), 1e-3) << "the images make no difference";
    }
}

TEST(InferenceStep, CompactWeightsAreNear) {
    const auto detector = inference_detector("resnet18");
    const Tensor input = noise_images(4, 1);
    const std::vector<float> exact = detector->infer(input).to_floats();
    float spread = 0;
    for (const float logit : exact) spread = std::max(spread, std::abs(logit));
    for (const auto& [format, bound] : {std::pair{WeightFormat::bf16, 0.02f}, {WeightFormat::int8, 0.05f}}) {
        detector->prepare_inference(format);
        const std::vector<float> rounded = detector->infer(input).to_floats();
        float most = 0;
        for (size_t i = 0; i < exact.size(); ++i) most = std::max(most, std::abs(rounded[i] - exact[i]));
        EXPECT_GT(most, 0.0f) << name_of(format);
        EXPECT_LT(most, bound * spread) << name_of(format);
    }
}

TEST(InferenceStep, AModelKeptForInferenceIsGoodForNothingElse) {
    const auto detector = inference_detector("resnet18");
    const size_t before = context_of(cpu_device)->memory().used_bytes;
    detector->keep_inference_only(WeightFormat::int8);
    EXPECT_LT(context_of(cpu_device)->memory().used_bytes, before / 2);
    const std::vector<std::string> line{"kept for inference alone"};
    expect_error([&] { (void)detector->state(); }, line);
    expect_error([&] { detector->set_training(true); }, line);
    expect_error([&] { detector->to(DType::f64); }, line);
    expect_error([&] { detector->prepare_inference(); }, line);
}

TEST(InferenceStep, RefusesImagesThatDoNotFitAndGoesOn) {
    const auto detector = inference_detector("resnet18");
    InferenceStep step(*detector, cpu_device);
    const Tensor input = noise_images(2, 1);
    // Before the first, and when its memory is there already.
    for (int round = 0; round < 2; ++round) {
        expect_error(
            [&] {
                (void)step.enqueue(Tensor::zeros({2, 48, 48, 3}, DType::f64));
            },
            {"[batch, 32, 32, 3]", "found f64 [2, 48, 48, 3]"});
        expect_error([&] { (void)step.enqueue(Tensor::zeros({2, 32, 32, 3}, DType::u8)); }, {"found u8"});
        expect_error([&] { (void)step.enqueue(Tensor::zeros({2, 32, 32, 5})); }, {"[2, 32, 32, 5]"});
        expect_error([&] { (void)step.enqueue(Tensor::zeros({2, 32})); }, {"[2, 32]"});
        expect_error([&] { (void)step.enqueue(Tensor()); }, {"undefined"});
        EXPECT_TRUE(same_bytes(step.enqueue(input), detector->infer(input)));
    }
    expect_error([&] { const InferenceStep other(*detector, cpu_device, DType::u8); }, {"floating", "u8"});
    // The same number of images with another number of channels.
    Tensor wide = Tensor::zeros({2, 32, 32, 4});
    for (int64_t i = 0; i < wide.numel(); ++i)
        if (i % 4 < 3) wide.data<float>()[i] = input.data<float>()[i / 4 * 3 + i % 4];
    EXPECT_TRUE(same_bytes(step.enqueue(wide), detector->infer(wide)));
    EXPECT_TRUE(same_bytes(step.enqueue(input), detector->infer(input)));
}

TEST(InferenceStep, ACallThatFailedCanBeMadeAgain) {
    struct Failure : KernelObserver {
        void called(const KernelCall&) override { throw Error("no"); }
    };
    const auto detector = inference_detector("resnet18");
    InferenceStep step(*detector, cpu_device);
    const Tensor input = noise_images(2, 1);
    {
        const Failure failure;
        EXPECT_THROW((void)step.enqueue(input), Error);
    }
    EXPECT_TRUE(same_bytes(step.enqueue(input), detector->infer(input)));
}

}  // namespace
}  // namespace unmask
