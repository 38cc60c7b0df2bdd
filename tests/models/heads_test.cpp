// SPDX-License-Identifier: Apache-2.0
#include "models/heads.h"

#include <gtest/gtest.h>

#include "engine/ops/reduce.h"
#include "layers/initialization.h"

namespace unmask {
namespace {

TEST(BranchHeads, ALeaveOneOutHeadIgnoresItsBranchAndSeesTheOthers) {
    constexpr int branches = 4;
    constexpr int64_t d = 6;
    BranchHeads heads(branches, d);
    heads.initialize(2);
    Tensor z = Tensor::empty({3, branches * d});
    fill_normal(z, 1.0, 1, "z");
    for (int i = 0; i < branches; ++i) {
        const Variable given(z, true);
        sum(heads.forward(given).leave_one_out[static_cast<size_t>(i)]).backward();
        const auto gradient = given.gradient().to_floats();
        for (size_t k = 0; k < gradient.size(); ++k) {
            const auto branch = static_cast<int>(k % (branches * d) / d);
            if (branch == i) {
                EXPECT_EQ(gradient[k], 0.0f) << "head " << i << ", branch " << branch;
            } else {
                EXPECT_NE(gradient[k], 0.0f) << "head " << i << ", branch " << branch;
            }
        }
    }
}

TEST(BranchHeads, OneProductEqualsSeparateHeads) {
    constexpr int64_t d = 5;
    BranchHeads heads(3, d);
    heads.initialize(2);
    Tensor z = Tensor::empty({2, 3 * d});
    fill_normal(z, 1.0, 1, "z");
    const auto state = heads.state();
    const auto result = heads.forward(z);
    const auto values = z.to_doubles();
    for (size_t head = 0; head < 3; ++head) {
        const std::string name = "leave_one_out_heads." + std::to_string(head);
        const auto weight = state.at(name + ".weight").to_doubles(),
                   bias = state.at(name + ".bias").to_doubles();
        const auto logits = result.leave_one_out[head].value().to_doubles();
        for (size_t row = 0; row < 2; ++row)
            for (size_t c = 0; c < 2; ++c) {
                double expected = bias[c];
                size_t column = 0;
                for (size_t k = 0; k < 3 * d; ++k)
                    if (k / d != head) expected += values[row * 3 * d + k] * weight[c * 2 * d + column++];
                EXPECT_NEAR(logits[row * 2 + c], expected, 1e-5);
            }
    }
}

}  // namespace
}  // namespace unmask
