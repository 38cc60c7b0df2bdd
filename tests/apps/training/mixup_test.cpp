// SPDX-License-Identifier: Apache-2.0
#include "apps/training/mixup.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Mixup, BetaDrawsHaveItsMeanAndVariance) {
    for (const double alpha : {0.5, 1.0, 2.0}) {
        PhiloxSequence random(1, "beta");
        double sum = 0, squares = 0;
        constexpr int count = 40000;
        for (int i = 0; i < count; ++i) {
            const double draw = draw_beta(random, alpha);
            ASSERT_TRUE(draw >= 0 && draw <= 1);
            sum += draw;
            squares += (draw - 0.5) * (draw - 0.5);
        }
        EXPECT_NEAR(sum / count, 0.5, 0.01);
        EXPECT_NEAR(squares / count, 1 / (4 * (2 * alpha + 1)), 0.005) << alpha;
    }
    PhiloxSequence random(1, "beta");
    expect_error([&] { static_cast<void>(draw_beta(random, 3)); }, {"alpha", "3"});
}

Batch mixable_batch() {
    return {
        .images = Tensor::from<float>({3, 1, 1, 3}, std::vector<float>{1, 2, 3, 10, 20, 30, 100, 200, 300}),
        .labels = Tensor::from<int64_t>({3}, std::vector<int64_t>{0, 1, 0}),
        .indices = {0, 1, 2}};
}

TEST(Mixup, MixesEveryImageWithItsPartner) {
    const Batch before = mixable_batch();
    bool moved = false;
    for (int64_t step = 0; step < 8; ++step) {
        Batch batch = mixable_batch();
        const Targets targets = mix_batch(batch, 0.5, 7, step);
        ASSERT_TRUE(targets.mixed_labels.defined());
        const std::vector<float> own = before.images.to_floats(), mixed = batch.images.to_floats();
        for (size_t i = 0; i < 3; ++i) {
            // The partner is the row whose mixture this is, in all channels; its label goes with it.
            bool found = false;
            for (size_t k = 0; k < 3; ++k) {
                bool same = true;
                for (size_t c = 0; c < 3; ++c) {
                    const double expected = targets.lambda * double(own[3 * i + c]) +
                                            (1 - targets.lambda) * double(own[3 * k + c]);
                    same = same && std::abs(double(mixed[3 * i + c]) - expected) < 1e-3;
                }
                if (!same) continue;
                found = true;
                moved = moved || k != i;
                EXPECT_EQ(targets.mixed_labels.to_floats()[i], before.labels.to_floats()[k]);
            }
            EXPECT_TRUE(found) << "step " << step << " image " << i;
        }
    }
    EXPECT_TRUE(moved);
}

TEST(Mixup, OffLeavesTheBatchAlone) {
    Batch batch = mixable_batch();
    const Targets targets = mix_batch(batch, 0, 7, 0);
    EXPECT_FALSE(targets.mixed_labels.defined());
    EXPECT_EQ(targets.lambda, 1.0);
    EXPECT_EQ(batch.images.to_floats(), mixable_batch().images.to_floats());
}

}  // namespace
}  // namespace unmask
