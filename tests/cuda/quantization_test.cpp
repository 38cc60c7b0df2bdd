// SPDX-License-Identifier: Apache-2.0
// Detectors in 8-bit integers and over compact weights on the emulated GPU: what they answer on the CPU.
#include "models/quantization.h"

#include <gtest/gtest.h>

#include <tuple>

#include "apps/compute.h"
#include "apps/detection/face_scorer.h"
#include "models/inference/inference_step.h"
#include "tests/models/quantized_detector.h"
#include "tests/simt/order_scope.h"
#include "tests/support/compare.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

std::vector<Tensor> maps_of(Detector& detector, const Tensor& input) {
    const NoGrad nothing_recorded;
    std::vector<Tensor> maps;
    for (const Variable& map : detector.feature_maps(Variable(input)))
        maps.push_back(map.value().to(cpu_device));
    return maps;
}

class QuantizedOnGpu : public testing::TestWithParam<std::string> {};

TEST_P(QuantizedOnGpu, EveryLevelOfTheMapsIsTheCpus) {
    const auto here = quantized_detector(GetParam(), cpu_device), there = quantized_detector(GetParam(), gpu);
    const Tensor input = images(2, 2);
    const PortableScope portable;
    const std::vector<Tensor> expected = maps_of(*here, input);
    const Tensor three = input.to(gpu), four = model_input(input, {gpu});
    for (const auto& [given, order] :
         {std::pair{three, simt::Order::forward}, std::pair{four, simt::Order::forward},
          std::pair{three, simt::Order::reversed}, std::pair{four, simt::Order::shuffled}}) {
        const simt::OrderScope scope(order);
        const std::vector<Tensor> found = maps_of(*there, given);
        ASSERT_EQ(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i)
            EXPECT_TRUE(same_bytes(found[i], expected[i]))
                << "branch " << i << ", " << given.shape().str() << ", " << name_of(order);
    }
    EXPECT_LT(difference(there->infer(input.to(gpu)), here->infer(input)).relative, 1e-5);
}

TEST_P(QuantizedOnGpu, EveryScheduleAndTheRecordedWorkHaveTheSameBytes) {
    const auto detector = quantized_detector(GetParam(), gpu);
    std::vector<Tensor> inputs, expected;
    for (const uint64_t seed : {1, 2}) {
        inputs.push_back(model_input(images(1, seed), {gpu}));
        expected.push_back(detector->infer(inputs.back()).to(cpu_device));
    }
    EXPECT_FALSE(same_bytes(expected[0], expected[1]));
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems,
                                          BranchSchedule::lockstep, BranchSchedule::parallel}) {
        detector->set_branch_schedule(schedule);
        InferenceStep recorded(*detector, gpu);  // from the third run on
        for (size_t run = 0; run < 4; ++run)
            EXPECT_TRUE(same_bytes(recorded.enqueue(inputs[run % 2]).to(cpu_device), expected[run % 2]))
                << name_of(schedule) << ", run " << run;
    }
}

INSTANTIATE_TEST_SUITE_P(Backbones, QuantizedOnGpu, testing::Values("resnet18", "resnet50", "mobilenet_v1"),
                         [](const auto& info) { return info.param; });

TEST(QuantizedOnGpu, ImagesInBf16AreThoseRounded) {
    const auto detector = quantized_detector("resnet18", gpu);
    const Tensor input = images(3, 2);
    const Tensor rounded = detector->infer(input.to(DType::bf16).to(DType::f32).to(gpu)).to(cpu_device);
    const Tensor found = detector->infer(model_input(input, {gpu, Precision::bf16})).to(cpu_device);
    EXPECT_TRUE(same_bytes(found, rounded));
    EXPECT_FALSE(same_bytes(found, detector->infer(input.to(gpu)).to(cpu_device)));
}

TEST(QuantizedOnGpu, FacesGetTheCpusScores) {
    std::vector<Image> faces;
    std::vector<const Image*> crops;
    for (int n = 0; n < 3; ++n) {
        Image face(32, 32);
        for (size_t i = 0; i < face.pixels.size(); ++i)
            face.pixels[i] = static_cast<uint8_t>((i * size_t(7 + 2 * n) + size_t(n) * 90) % 256);
        faces.push_back(std::move(face));
    }
    for (const Image& face : faces) crops.push_back(&face);
    const auto scores = [&](Device device) {
        const auto detector = quantized_detector("resnet18", device);
        return FaceScorer(*detector, {device}, {}, 1.5).score(crops);
    };
    const PortableScope portable;
    const std::vector<double> expected = scores(cpu_device), found = scores(gpu);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5);
}

TEST(QuantizedOnGpu, ScalesThatAreFoundThereAreTheCpus) {
    for (const std::string backbone : {"resnet18", "mobilenet_v1"}) {
        const auto detector = small_detector(backbone);
        const ActivationScales expected = scales_of(*detector);
        detector->to(gpu);
        QuantizationCalibrator calibrator(*detector);
        for (uint64_t seed = 100; seed < 103; ++seed) calibrator.add(model_input(images(4, seed), {gpu}));
        const ActivationScales found = calibrator.scales(RangeRule::max);
        ASSERT_EQ(found.size(), expected.size());
        for (const auto& [name, scale] : expected)
            EXPECT_NEAR(found.at(name), scale, 1e-4f * scale) << backbone << " " << name;
    }
}

class CompactOnGpu : public testing::TestWithParam<std::string> {};

TEST_P(CompactOnGpu, AnswersAreTheCpus) {
    const auto detector = small_detector(GetParam());
    const Tensor input = images(2, 2);
    for (const WeightFormat format : {WeightFormat::bf16, WeightFormat::int8}) {
        detector->to(cpu_device);
        detector->prepare_inference(format);
        const Tensor expected = detector->infer(input);
        detector->to(gpu);
        detector->prepare_inference(format);
        for (const auto& [given, schedule, order] :
             {std::tuple{input.to(gpu), BranchSchedule::separate, simt::Order::reversed},
              std::tuple{model_input(input, {gpu}), BranchSchedule::merged_stems, simt::Order::shuffled}}) {
            detector->set_branch_schedule(schedule);
            const Tensor found = detector->infer(given).to(cpu_device);
            EXPECT_LT(difference(found, expected).relative, 2e-5)
                << name_of(format) << ", " << name_of(schedule) << ", " << given.shape().str();
            const simt::OrderScope scope(order);
            EXPECT_TRUE(same_bytes(detector->infer(given).to(cpu_device), found))
                << name_of(format) << ", " << name_of(schedule) << ", " << name_of(order);
        }
    }
    detector->keep_inference_only(WeightFormat::int8);
    EXPECT_LT(difference(detector->infer(input.to(gpu)),
                         [&] {
                             const auto here = small_detector(GetParam());
                             here->keep_inference_only(WeightFormat::int8);
                             return here->infer(input);
                         }())
                  .relative,
              2e-5);
}

// Weights in bf16 are what images in bf16 meet in any case.
TEST_P(CompactOnGpu, WeightsInBf16ServeImagesInBf16) {
    const auto detector = small_detector(GetParam());
    detector->to(gpu);
    const Tensor input = model_input(images(1, 2), {gpu, Precision::bf16});
    detector->prepare_inference();
    const std::vector<Tensor> expected = maps_of(*detector, input);
    detector->prepare_inference(WeightFormat::bf16);
    const std::vector<Tensor> found = maps_of(*detector, input);
    for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(same_bytes(found[i], expected[i]));
}

INSTANTIATE_TEST_SUITE_P(Backbones, CompactOnGpu,
                         testing::Values("resnet18", "mobilenet_v1", "efficientnet_b0"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace unmask
