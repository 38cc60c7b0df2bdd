// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/layer_names.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(LayerNames, AreThoseOfTheParametersInACall) {
    const Tensor flat = Tensor::zeros({6}), other = Tensor::zeros({2});
    const LayerNames names({{"a.conv1.weight", flat.rows(0, 4)}, {"a.bn1.weight", flat.rows(4, 6)}});
    EXPECT_EQ(names.of({other, flat.rows(0, 4)}), std::set<std::string>{"a.conv1"});
    EXPECT_EQ(names.of({flat.rows(4, 6), flat.rows(0, 4)}), (std::set<std::string>{"a.bn1", "a.conv1"}));
    EXPECT_EQ(names.of({other}), std::set<std::string>());
    // All parameters together begin where the first one does.
    EXPECT_EQ(names.of({flat}), std::set<std::string>());
}

TEST(LayerNames, OfSeveralBranchesHaveOneName) {
    EXPECT_EQ(common_name({"branches.0.bn1", "branches.1.bn1"}), "branches.*.bn1");
    EXPECT_EQ(common_name({"branches.0.bn1"}), "branches.0.bn1");
    EXPECT_EQ(common_name({"branches.0.bn1", "fusion.0"}), "");
    EXPECT_EQ(common_name({}), "");
}

}  // namespace
}  // namespace unmask
