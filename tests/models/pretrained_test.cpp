// SPDX-License-Identifier: Apache-2.0
#include "models/pretrained.h"

#include <gtest/gtest.h>

#include "engine/ops/layout.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

const DetectorOptions tiny{.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32};

// What torchvision would save of such a network: the first branch's tensors, convolutions as OIHW, with the
// classifier and the counters that it has besides.
TensorFile state_dict(const DetectorOptions& options, uint64_t seed) {
    Detector source(options);
    source.initialize(seed);
    TensorFile file;
    for (const auto& [name, tensor] : source.state()) {
        if (!name.starts_with("branches.0.")) continue;
        const std::string inner = name.substr(11);
        file.tensors[inner] = tensor.rank() == 4 ? permute(tensor, {0, 3, 1, 2}).value() : tensor.clone();
        if (inner.ends_with("running_var")) {
            const std::string norm = inner.substr(0, inner.size() - 11);
            file.tensors[norm + "num_batches_tracked"] = Tensor::zeros({}, DType::i64);
            for (float& value : std::span(file.tensors[inner].data<float>(), size_t(tensor.numel())))
                value = 2;
        }
    }
    file.tensors["fc.weight"] = Tensor::zeros({1000, source.features()});
    file.tensors["fc.bias"] = Tensor::zeros({1000});
    return file;
}

TEST(Pretrained, EveryBranchTakesTheWeightsAndStatistics) {
    Detector source(tiny), detector(tiny);
    source.initialize(1);
    detector.initialize(2);
    const auto heads_before = detector.state().at("global_head.weight").to_floats();
    const std::vector<std::string> left_out =
        load_pretrained(detector, state_dict(tiny, 1), "r18.safetensors");
    EXPECT_EQ(left_out, (std::vector<std::string>{"fc.bias", "fc.weight"}));
    const auto state = detector.state(), wanted = source.state();
    int compared = 0;
    for (const auto& [name, tensor] : wanted) {
        if (!name.starts_with("branches.0.")) continue;
        for (const std::string branch : {"branches.0.", "branches.1."}) {
            const std::vector<float> found = state.at(branch + name.substr(11)).to_floats();
            if (name.ends_with("running_var"))
                EXPECT_EQ(found, std::vector<float>(found.size(), 2)) << branch << name;
            else
                EXPECT_EQ(found, tensor.to_floats()) << branch << name;
            ++compared;
        }
    }
    EXPECT_EQ(compared, 2 * 100);  // 20 convolutions and 20 norms of four tensors
    EXPECT_EQ(state.at("global_head.weight").to_floats(), heads_before);
}

TEST(Pretrained, AnotherArchitectureIsRefusedWithTheFirstMisfitAndNothingChanges) {
    Detector detector(tiny);
    detector.initialize(2);
    const auto before = detector.state().at("branches.0.conv1.weight").to_floats();
    const auto refuse = [&](const TensorFile& file, const std::vector<std::string>& texts) {
        expect_error([&] { load_pretrained(detector, file, "other.safetensors"); }, texts);
        EXPECT_EQ(detector.state().at("branches.0.conv1.weight").to_floats(), before);
    };
    DetectorOptions other = tiny;
    other.backbone = "resnet34";  // has all of resnet18's tensors and more
    refuse(state_dict(other, 1), {"other.safetensors", "resnet18", "layer1.2.bn1.bias is unknown"});
    other.backbone = "resnet50";
    refuse(state_dict(other, 1), {"layer1.0.conv1.weight: expected [8, 8, 3, 3], found [8, 8, 1, 1]"});
    other = tiny;
    other.width = 0.25;
    refuse(state_dict(other, 1), {"width 0.125", "conv1.weight: expected [8, 3, 7, 7], found [16, 3, 7, 7]"});
    TensorFile incomplete = state_dict(tiny, 1);
    incomplete.tensors.erase("layer2.0.bn1.running_mean");
    refuse(incomplete, {"layer2.0.bn1.running_mean is missing"});
    TensorFile counted = state_dict(tiny, 1);
    counted.tensors["bn1.weight"] = Tensor::zeros({8}, DType::i64);
    refuse(counted, {"bn1.weight: expected floating numbers"});
}

TEST(Pretrained, ADetectorOfOurOwnIsToldApart) {
    EXPECT_FALSE(is_detector_file(state_dict(tiny, 1)));
    TensorFile own;
    own.metadata["format_version"] = "1";
    EXPECT_TRUE(is_detector_file(own));
}

}  // namespace
}  // namespace unmask
