// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/names.h"

#include <gtest/gtest.h>

#include "models/detector.h"

namespace unmask {
namespace {

TEST(Names, ThePapersNamesAreThese) {
    const std::vector<std::pair<std::string, std::string>> pairs{
        {"region_model1.conv1.weight", "branches.0.conv1.weight"},
        {"region_model4.layer1.0.bn1.running_mean", "branches.3.layer1.0.bn1.running_mean"},
        {"local_linear2.bias", "leave_one_out_heads.1.bias"},
        {"baseline_linear.weight", "joint_head.weight"},
        {"linear.1.weight", "global_head.weight"},
        {"bottleneck.model.0.weight", "fusion.0.weight"},
        {"bottleneck.model.1.running_var", "fusion.1.running_var"},
        {"bottleneck.model.4.bias", "fusion.3.bias"},
        {"bottleneck.model.5.weight", "fusion.4.weight"},
        {"bottleneck.model.8.weight", "fusion.6.weight"}};
    for (const auto& [paper, ours] : pairs) {
        EXPECT_EQ(name_from_paper(paper), ours);
        EXPECT_EQ(name_in_paper(ours), paper);
    }
    for (const char* other :
         {"region_model0.conv1.weight", "region_model.conv1.weight", "region_modelx.a", "region_model1",
          "region_model99999999999.a", "linear.0.weight", "bottleneck.model.2.weight", "fc.weight", ""})
        EXPECT_FALSE(name_from_paper(other)) << other;
}

TEST(Names, EveryTensorOfADetectorHasANameInThePaper) {
    for (const char* backbone : {"resnet18", "mobilenet_v1"}) {
        const Detector detector({.backbone = backbone, .branches = 3, .width = 0.125, .size = 32});
        for (const auto& [name, tensor] : detector.state()) {
            const auto paper = name_in_paper(name);
            ASSERT_TRUE(paper) << name;
            EXPECT_EQ(name_from_paper(*paper), name);
        }
    }
}

TEST(Names, OfBranches) {
    const auto place = parse_branch_name("branches.12.layer1.0.bn1.weight");
    ASSERT_TRUE(place);
    EXPECT_EQ(place->branch, 12);
    EXPECT_EQ(place->name, "layer1.0.bn1.weight");
    EXPECT_EQ(branch_name(place->branch, place->name), "branches.12.layer1.0.bn1.weight");
    EXPECT_FALSE(parse_branch_name("branches.x.a"));
    EXPECT_FALSE(parse_branch_name("branches.1"));
    EXPECT_FALSE(parse_branch_name("fusion.0.weight"));
    EXPECT_TRUE(is_classifier("fc.weight") && is_classifier("classifier.1.bias") &&
                !is_classifier("layer1.fc.weight"));
}

}  // namespace
}  // namespace unmask
