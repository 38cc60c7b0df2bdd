// SPDX-License-Identifier: Apache-2.0
// Batch norm that pools on the CPU. That it is differentiated right is a matter of the op-case table.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "tests/support/compare.h"
#include "tests/support/pooled_norm.h"

namespace unmask {
namespace {

// Products and sums may be fused in other places, which moves gradients by their last digit.
TEST(PooledNorm, IsThePoolingOfTheNorm) {
    for (const PooledNorm& norm : pooled_norms()) {
        SCOPED_TRACE(norm.x.str());
        const std::vector<Tensor> found = norm.run(true, DType::f32), expected = norm.run(false, DType::f32);
        ASSERT_EQ(found.size(), expected.size());
        EXPECT_TRUE(same_bytes(found[0], expected[0]));
        for (size_t i = 1; i < found.size(); ++i)
            EXPECT_LE(difference(found[i], expected[i]).relative, 2e-7) << i;
    }
}

// What is kept for backward: x and the winners, not the map that is pooled.
TEST(PooledNorm, KeepsNoMap) {
    const Tensor ones = Tensor::full({4}, 1.0);
    const auto kept = [&](bool as_one) {
        const Variable x(Tensor::zeros({1, 64, 64, 4}), true);
        const size_t before = context_of(cpu_device)->memory().used_bytes;
        BatchNormParams params{.activation = Activation::relu};
        const Pool2dParams pool{.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
        if (as_one) params.pool = pool;
        Variable y = batch_norm(x, {{ones, ones, ones.clone(), ones.clone()}}, params);
        if (!as_one) y = max_pool2d(y, pool);
        return context_of(cpu_device)->memory().used_bytes - before;
    };
    constexpr size_t map = 64 * 64 * 4 * sizeof(float);
    EXPECT_LT(kept(true), map);
    EXPECT_GT(kept(false), map);
}

}  // namespace
}  // namespace unmask
