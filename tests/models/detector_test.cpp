// SPDX-License-Identifier: Apache-2.0
#include "models/detector.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/kernel.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"
#include "layers/initialization.h"
#include "models/backbone.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

DetectorOptions small_options(const std::string& backbone = "resnet18", int branches = 3) {
    return {.backbone = backbone, .branches = branches, .width = 0.125, .size = 64, .dropout = 0.5};
}

std::unique_ptr<Detector> small_detector(const DetectorOptions& options = small_options()) {
    auto detector = std::make_unique<Detector>(options);
    detector->initialize(1);
    return detector;
}

Tensor random_images(int64_t batch, int64_t size = 64) {
    Tensor x = Tensor::empty({batch, size, size, 3});
    fill_normal(x, 1.0, 1, "images");
    return x;
}

double largest_difference(const Tensor& a, const Tensor& b) {
    const auto x = a.to_doubles(), y = b.to_doubles();
    EXPECT_EQ(x.size(), y.size());
    double most = 0.0;
    for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
    return most;
}

TEST(Detector, HasTheNamesAndCountsOfTheParityCases) {
    for (const char* file :
         {"resnet18_n2", "resnet34_n4", "resnet50_n2_mixup", "mobilenet_v1_n3", "efficientnet_b0_n2"}) {
        SCOPED_TRACE(file);
        std::ifstream stream("tests/parity/cases/" + std::string(file) + ".json");
        const auto expected = nlohmann::json::parse(stream);
        const ShapesOnly no_memory;
        const Detector detector({.backbone = expected.at("backbone"), .branches = expected.at("branches")});
        std::set<std::string> names, expected_names;
        for (const auto& parameter : detector.parameters()) names.insert(parameter.name);
        for (const auto& [name, norm] : expected.at("train").at(0).at("gradient_norms").items())
            expected_names.insert(name);
        EXPECT_EQ(names, expected_names);
        EXPECT_EQ(detector.parameter_count(), expected.at("parameters").get<int64_t>());
    }
}

TEST(Detector, HasOneHeadForEachSubsetAndNoneLeftOutOfOne) {
    const PortableScope quick_for_many_shapes;
    for (const int branches : {1, 2, 3, 8}) {
        const auto detector = small_detector(small_options("mobilenet_v1", branches));
        const HeadLogits logits = detector->forward(random_images(2));
        EXPECT_EQ(logits.global.shape(), (Shape{2, 2}));
        EXPECT_EQ(logits.joint.shape(), (Shape{2, 2}));
        ASSERT_EQ(logits.leave_one_out.size(), branches == 1 ? 0u : static_cast<size_t>(branches));
        for (const Variable& head : logits.leave_one_out) EXPECT_EQ(head.shape(), (Shape{2, 2}));
    }
}

TEST(Detector, FoldedInferenceEqualsTheGlobalHead) {
    for (const std::string& backbone : backbone_names()) {
        SCOPED_TRACE(backbone);
        const auto detector = small_detector(small_options(backbone, 2));
        (void)detector->forward(random_images(6));  // moves the running statistics
        const Tensor x = random_images(3);
        const Tensor in_training_mode = detector->infer(x);
        EXPECT_TRUE(detector->training());
        detector->set_training(false);
        const Tensor plain = detector->forward(x).global.value();
        EXPECT_EQ(in_training_mode.to_floats(), plain.to_floats());
        detector->prepare_inference();
        const Tensor folded = detector->infer(x);
        EXPECT_EQ(folded.shape(), (Shape{3, 2}));
        EXPECT_LT(largest_difference(folded, plain), 1e-4);
        EXPECT_NE(folded.to_floats(), plain.to_floats()) << "the folded path was not taken";
        EXPECT_EQ(detector->infer(x).to_floats(), folded.to_floats());
        detector->set_training(true);
        detector->prepare_inference();
        for (int call = 0; call < 2; ++call)
            EXPECT_EQ(detector->infer(x).to_floats(), folded.to_floats()) << "call " << call;
    }
}

TEST(Detector, InferenceLeavesAFrozenBranchFrozen) {
    const auto detector = small_detector();
    detector->set_training(false, [](const std::string& name) { return name.starts_with("branches.0"); });
    const auto statistics = [&] { return detector->state().at("branches.0.bn1.running_mean").to_doubles(); };
    const auto before = statistics();
    (void)detector->infer(random_images(2));
    (void)detector->forward(random_images(2));
    EXPECT_EQ(statistics(), before);
}

TEST(Detector, HeadsOfItsFeatureMapsAreItsForward) {
    const auto detector = small_detector();
    detector->set_training(false);
    const Tensor x = random_images(2);
    const auto maps = detector->feature_maps(x);
    ASSERT_EQ(maps.size(), 3u);
    EXPECT_EQ(maps[0].shape(), (Shape{2, 2, 2, detector->features()}));
    EXPECT_EQ(detector->heads(maps).global.value().to_floats(),
              detector->forward(x).global.value().to_floats());
    expect_error([&] { (void)detector->heads({maps[0]}); }, {"3 feature maps", "found 1"});
}

// Values, gradients and running statistics.
TEST(Detector, InLockstepHasTheBytesOfBranchByBranch) {
    const PortableScope quick_for_many_shapes;
    for (const std::string& backbone : backbone_names()) {
        SCOPED_TRACE(backbone);
        const auto run = [&](BranchSchedule schedule) {
            auto detector = small_detector(small_options(backbone, 3));
            detector->set_branch_schedule(schedule);
            const HeadLogits logits = detector->forward(random_images(2));
            sum(logits.global * logits.joint).backward();
            detector->set_training(false);
            detector->prepare_inference();
            return std::pair(std::move(detector), logits.joint.value());
        };
        const auto [separate, expected] = run(BranchSchedule::separate);
        const auto [lockstep, found] = run(BranchSchedule::lockstep);
        EXPECT_EQ(found.to_floats(), expected.to_floats());
        for (const auto& [name, tensor] : separate->state())
            EXPECT_EQ(lockstep->state().at(name).to_floats(), tensor.to_floats()) << name;
        const auto parameters = lockstep->parameters();
        for (size_t i = 0; const auto& [name, variable] : separate->parameters()) {
            const Tensor& gradient = parameters[i++].variable.gradient();
            ASSERT_EQ(gradient.defined(), variable.gradient().defined()) << name;
            if (gradient.defined()) {
                EXPECT_EQ(gradient.to_floats(), variable.gradient().to_floats()) << name;
            }
        }
        const Tensor x = random_images(2);
        EXPECT_EQ(lockstep->infer(x).to_floats(), separate->infer(x).to_floats());
    }
}

TEST(Detector, AFrozenBranchKeepsItsStatisticsInEverySchedule) {
    const Tensor x = random_images(2);
    std::vector<float> expected;
    for (const BranchSchedule schedule :
         {BranchSchedule::separate, BranchSchedule::merged_stems, BranchSchedule::lockstep}) {
        const auto detector = small_detector(small_options("mobilenet_v1", 2));
        detector->set_branch_schedule(schedule);
        detector->set_training(false, [](const std::string& name) { return name.starts_with("branches.0"); });
        const std::vector<float> found = detector->forward(x).joint.value().to_floats();
        if (expected.empty()) expected = found;
        EXPECT_EQ(found, expected) << name_of(schedule);
        const auto state = detector->state();
        EXPECT_EQ(state.at("branches.0.model.0.1.running_mean").to_doubles().front(), 0.0);
        EXPECT_NE(state.at("branches.1.model.0.1.running_mean").to_doubles().front(), 0.0);
    }
}

// Values, gradients, folded weights, and what a checkpoint holds.
TEST(Detector, ChannelsOfZerosChangeNothing) {
    const Tensor x = random_images(2);
    for (const BranchSchedule schedule : {BranchSchedule::separate, BranchSchedule::merged_stems})
        for (const int64_t channels : {4, 8}) {
            const Tensor padded = concat({x, Tensor::zeros({2, 64, 64, channels - 3})}, 3).value();
            const auto run = [&](const Tensor& images) {
                auto detector = small_detector(small_options("mobilenet_v1", 2));
                detector->set_branch_schedule(schedule);
                sum(detector->forward(images).joint).backward();
                detector->set_training(false);
                const Tensor plain = detector->infer(images);
                detector->prepare_inference();
                EXPECT_LT(largest_difference(detector->infer(images), plain), 1e-4);
                return std::pair(std::move(detector), plain);
            };
            const auto [three, expected] = run(x);
            const auto [more, found] = run(padded);
            EXPECT_LT(largest_difference(found, expected), 1e-4);
            const auto weight = [](const Detector& detector) {
                return detector.parameters().front().variable;
            };
            EXPECT_EQ(weight(*more).shape(), weight(*three).shape());
            EXPECT_EQ(weight(*more).shape()[3], 3);
            EXPECT_LT(largest_difference(weight(*more).gradient(), weight(*three).gradient()), 1e-4);
        }
}

TEST(Detector, DropoutDrawsBySeedAndStepAndMovesTheGlobalHeadAlone) {
    const auto detector = small_detector();
    const Tensor x = random_images(4);
    const auto logits = [&](uint64_t seed, uint64_t step) {
        detector->set_dropout(seed, step);
        return detector->forward(x);
    };
    const HeadLogits first = logits(1, 0), again = logits(1, 0), next = logits(1, 1), other = logits(2, 0);
    EXPECT_EQ(first.global.value().to_floats(), again.global.value().to_floats());
    EXPECT_NE(first.global.value().to_floats(), next.global.value().to_floats());
    EXPECT_NE(first.global.value().to_floats(), other.global.value().to_floats());
    EXPECT_EQ(first.joint.value().to_floats(), next.joint.value().to_floats());
}

TEST(Detector, TheGlobalHeadHasADropoutOfItsOwn) {
    const auto detector = small_detector();
    auto state = detector->state();
    state.at("fusion.6.weight")
        .fill_zero();  // a constant global representation, whatever the fusion's dropout
    fill_constant(state.at("fusion.6.bias"), 1.0);
    const Tensor x = random_images(4);
    const auto logits = [&](uint64_t step) {
        detector->set_dropout(1, step);
        return detector->forward(x).global.value().to_floats();
    };
    EXPECT_EQ(logits(0), logits(0));
    EXPECT_NE(logits(0), logits(1));
}

TEST(Detector, InitializationIsReproducibleAndBranchesDiffer) {
    const auto first = small_detector(), second = small_detector();
    auto third = std::make_unique<Detector>(small_options());
    third->initialize(2);
    const auto weight = [](const Detector& detector, const char* name) {
        return detector.state().at(name).to_floats();
    };
    for (const auto& [name, tensor] : first->state())
        EXPECT_EQ(second->state().at(name).to_floats(), tensor.to_floats()) << name;
    EXPECT_NE(weight(*first, "branches.0.conv1.weight"), weight(*third, "branches.0.conv1.weight"));
    EXPECT_NE(weight(*first, "branches.0.conv1.weight"), weight(*first, "branches.1.conv1.weight"));
}

TEST(Detector, RefusesOptionsOutOfRange) {
    const auto with = [](auto change) {
        DetectorOptions options = small_options();
        change(options);
        return [options] { Detector{options}; };
    };
    expect_error(with([](auto& o) { o.backbone = "vgg16"; }), {"resnet18", "efficientnet_b0", "'vgg16'"});
    for (const int branches : {-1, 0, 9})
        expect_error(with([=](auto& o) { o.branches = branches; }),
                     {"1 to 8 branches", std::to_string(branches)});
    for (const double width : {0.0, -1.0, 17.0, std::numeric_limits<double>::quiet_NaN()})
        expect_error(with([=](auto& o) { o.width = width; }), {"width"});
    for (const int size : {0, 31, 5000})
        expect_error(with([=](auto& o) { o.size = size; }), {"size of 32", std::to_string(size)});
    expect_error(with([](auto& o) { o.dropout = 1.0; }), {"dropout in [0, 1)"});
}

TEST(Detector, RefusesImagesOfAnotherShape) {
    const auto detector = small_detector();
    for (const Shape& shape :
         {Shape{2, 32, 32, 3}, Shape{2, 3, 64, 64}, Shape{64, 64, 3}, Shape{2, 64, 64, 1}, Shape{}})
        expect_error([&] { (void)detector->forward(Tensor::zeros(shape)); },
                     {"[batch, 64, 64, 3]", shape.str()});
    expect_error([&] { (void)detector->infer(Tensor()); }, {"[batch, 64, 64, 3]"});
}

}  // namespace
}  // namespace unmask
