// SPDX-License-Identifier: Apache-2.0
// Detectors in 8-bit integers beside the same in float32, and as a file keeps them.
#include "models/quantization.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/layout.h"
#include "models/checkpoint.h"
#include "models/inference/inference_step.h"
#include "models/quantization_calibrator.h"
#include "models/scoring.h"
#include "tests/models/quantized_detector.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// The branches' features [images, branches · d] of one picture after the other.
std::vector<double> features(Detector& detector, const Tensor& input) {
    const NoGrad nothing_recorded;
    std::vector<double> result;
    for (const Variable& map : detector.feature_maps(Variable(input))) {
        const std::vector<double> values = map.value().to_doubles();
        result.insert(result.end(), values.begin(), values.end());
    }
    return result;
}

// ‖found - exact‖ over ‖exact‖.
double relative_error(const std::vector<double>& found, const std::vector<double>& exact) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < exact.size(); ++i) {
        difference += std::pow(found[i] - exact[i], 2);
        norm += std::pow(exact[i], 2);
    }
    return std::sqrt(difference / norm);
}

class QuantizedDetector : public testing::TestWithParam<std::string> {};

TEST_P(QuantizedDetector, IsNearTheOneInFloat32) {
    const auto detector = small_detector(GetParam());
    detector->prepare_inference();
    const Tensor input = images(12, 1);
    const std::vector<double> exact = features(*detector, input);
    detector->prepare_inference(WeightFormat::int8);
    const double of_weights = relative_error(features(*detector, input), exact);
    std::map<RangeRule, ActivationScales> scales;
    {
        QuantizationCalibrator calibrator(*detector);
        for (uint64_t seed = 100; seed < 106; ++seed) calibrator.add(images(4, seed));
        for (const RangeRule rule : {RangeRule::max, RangeRule::percentile, RangeRule::mse})
            scales[rule] = calibrator.scales(rule);
    }
    for (const auto& [rule, found] : scales) {
        set_activation_scales(*detector, found);
        detector->prepare_inference();
        const double error = relative_error(features(*detector, input), exact);
        EXPECT_GT(error, 0.0) << name_of(rule);
        // Networks of random weights amplify what is rounded. Weights alone show by how much; a scale that is
        // not the one that the values have shows as an error of several times the features.
        EXPECT_LT(error, 0.05 + 2.5 * of_weights) << name_of(rule);
    }
}

// As `bench` does it.
TEST_P(QuantizedDetector, ScalesThatAreSetWhileTheCalibratorLivesStay) {
    const auto detector = small_detector(GetParam());
    ActivationScales found;
    {
        QuantizationCalibrator calibrator(*detector);
        calibrator.add(images(4, 100));
        EXPECT_EQ(calibrator.images(), 4);
        found = calibrator.scales(RangeRule::max);
        set_activation_scales(*detector, found);
    }
    detector->prepare_inference();
    const Tensor scores = detector->infer(images(3, 2)).clone();
    set_activation_scales(*detector, found);
    detector->prepare_inference();
    EXPECT_TRUE(same_bytes(scores, detector->infer(images(3, 2))));
}

TEST_P(QuantizedDetector, EveryScheduleAndTheRecordedWorkHaveTheSameBytes) {
    const auto detector = small_detector(GetParam());
    set_activation_scales(*detector, scales_of(*detector));
    prepare_scoring(*detector);
    const Tensor one = detector->infer(images(3, 2)).clone();
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems,
                                          BranchSchedule::lockstep, BranchSchedule::parallel}) {
        detector->set_branch_schedule(schedule);
        EXPECT_TRUE(same_bytes(detector->infer(images(3, 2)), one)) << name_of(schedule);
        InferenceStep step(*detector, cpu_device);
        for (int run = 0; run < 3; ++run)
            EXPECT_TRUE(same_bytes(step.enqueue(images(3, 2)), one)) << name_of(schedule);
    }
}

// The images of a GPU have four.
TEST_P(QuantizedDetector, ChannelsOfZerosChangeNothing) {
    const auto detector = small_detector(GetParam());
    set_activation_scales(*detector, scales_of(*detector));
    prepare_scoring(*detector);
    const Tensor three = images(3, 2), one = detector->infer(three).clone();
    const size_t prepared = detector->prepared().size();
    for (const int64_t channels : {4, 8}) {
        const Tensor zeros = Tensor::zeros({3, 32, 32, channels - 3});
        const Tensor input = concat({Variable(three), Variable(zeros)}, 3).value();
        EXPECT_TRUE(same_bytes(detector->infer(input), one)) << channels;
        InferenceStep step(*detector, cpu_device);
        for (int run = 0; run < 3; ++run) EXPECT_TRUE(same_bytes(step.enqueue(input), one)) << channels;
    }
    // Weights and biases of two stems for each number of channels.
    EXPECT_EQ(detector->prepared().size(), prepared + 8);
}

TEST_P(QuantizedDetector, ThePortablePathIsWithinALevelOrTwoOfTheLibrarys) {
    const auto detector = small_detector(GetParam());
    detector->prepare_inference();
    const std::vector<float> real = detector->infer(images(3, 2)).to_floats();
    set_activation_scales(*detector, scales_of(*detector));
    prepare_scoring(*detector);
    const std::vector<float> library = detector->infer(images(3, 2)).to_floats();
    const PortableScope portable;
    const std::vector<float> plain = detector->infer(images(3, 2)).to_floats();
    for (size_t i = 0; i < plain.size(); ++i)
        EXPECT_NEAR(plain[i], library[i], 0.02 * (std::abs(real[i]) + 1.0));
}

// Of a width at which most convolutions may go by it.
TEST(QuantizedDetectorByWinograd, IsNearTheDirectFormByWinogradsAlgorithm) {
    const auto detector = small_detector("resnet18", 1.0);
    detector->prepare_inference();
    const Tensor input = images(6, 1);
    const std::vector<double> exact = features(*detector, input);
    set_activation_scales(*detector, scales_of(*detector));
    detector->prepare_inference();
    const std::vector<double> direct = features(*detector, input);
    const ComputeModeScope scope({.winograd = Winograd::inference});
    const std::vector<double> winograd = features(*detector, input);
    EXPECT_NE(winograd, direct);
    EXPECT_LT(relative_error(winograd, exact), 2.0 * relative_error(direct, exact));
}

TEST_P(QuantizedDetector, AFileGivesTheSameBytes) {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "m.safetensors";
    const Quantization quantization{scales_of(*small_detector(GetParam())), "max", "faces.csv", 12};
    const auto detector = small_detector(GetParam());
    save_detector(path, *detector, nullptr, {.weights = WeightFormat::int8, .quantization = quantization});
    const LoadedDetector loaded = load_detector(path);
    ASSERT_TRUE(loaded.info.quantization);
    EXPECT_EQ(loaded.info.quantization->scales, quantization.scales);
    EXPECT_EQ(loaded.info.quantization->data, "faces.csv");
    EXPECT_EQ(loaded.info.quantization->pictures, 12);
    EXPECT_EQ(loaded.info.quantization->range, "max");
    prepare_scoring(*loaded.detector);
    const Tensor logits = loaded.detector->infer(images(2, 5));
    const LoadedDetector kept = load_detector(path);
    kept.detector->keep_inference_only();  // as libunmask opens it
    EXPECT_TRUE(same_bytes(kept.detector->infer(images(2, 5)), logits));
    // The same weights without scales in the file, then quantized: what the file leaves out changes nothing.
    save_detector(path, *detector, nullptr, {.weights = WeightFormat::int8});
    const LoadedDetector plain = load_detector(path);
    EXPECT_FALSE(plain.info.quantization);
    plain.detector->prepare_inference();
    EXPECT_FALSE(same_bytes(plain.detector->infer(images(2, 5)), logits));
    set_activation_scales(*plain.detector, quantization.scales);
    prepare_scoring(*plain.detector);
    EXPECT_TRUE(same_bytes(plain.detector->infer(images(2, 5)), logits));
}

INSTANTIATE_TEST_SUITE_P(Backbones, QuantizedDetector,
                         testing::Values("resnet18", "resnet50", "mobilenet_v1"),
                         [](const auto& info) { return info.param; });

TEST(Quantization, KeepsNoFloat32Weights) {
    const auto detector = std::make_unique<Detector>(
        DetectorOptions{.backbone = "resnet18", .branches = 1, .width = 0.5, .size = 32});
    detector->initialize(3);
    size_t branches = 0, others = 0;
    for (const auto& [name, parameter] : detector->parameters())
        (name.starts_with("branches.") ? branches : others) += parameter.value().bytes();
    const auto used = [] { return context_of(cpu_device)->memory().used_bytes; };
    const size_t trained = used();
    set_activation_scales(*detector, scales_of(*detector));
    prepare_scoring(*detector);
    prepare_scoring(*detector);  // may be called again
    // A byte for each weight of the branches, and a tenth for sums and scales, where there were four; the
    // others stay, and as much again folded.
    EXPECT_LT(used(), trained - branches + branches * 11 / 40 + others * 11 / 10);
    expect_error([&] { detector->set_training(true); }, {"kept for inference alone"});
}

TEST(Quantization, EfficientNetIsRefused) {
    const auto detector = small_detector("efficientnet_b0");
    detector->set_training(true);
    detector->set_branch_schedule(BranchSchedule::lockstep);
    expect_error([&] { const QuantizationCalibrator calibrator(*detector); },
                 {"efficientnet_b0", "ReLU", "silu"});
    // As before.
    EXPECT_TRUE(detector->training());
    EXPECT_EQ(detector->branch_schedule(), BranchSchedule::lockstep);
    EXPECT_FALSE(has_activation_scales(*detector));
}

}  // namespace
}  // namespace unmask
