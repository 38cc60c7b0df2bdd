// SPDX-License-Identifier: Apache-2.0
#include "engine/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace unmask {
namespace {

// The known answers published with the generator (Random123, kat_vectors, philox4x32-10).
TEST(Philox, GivesThePublishedAnswers) {
    EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
              (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
              (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, SeparatesSeedsStreamsStepsAndElements) {
    const Philox a(1, "dropout"), b(2, "dropout"), c(1, "mixup");
    EXPECT_EQ(a.bits(3, 9), Philox(1, "dropout").bits(3, 9));
    EXPECT_NE(a.bits(3, 9), b.bits(3, 9));
    EXPECT_NE(a.bits(3, 9), c.bits(3, 9));
    EXPECT_NE(a.bits(3, 9), a.bits(4, 9));
    EXPECT_NE(a.bits(3, 9), a.bits(3, 10));
}

TEST(Philox, SequenceReadsTheStream) {
    const Philox philox(5, "order");
    PhiloxSequence sequence(5, "order", 2);
    for (uint64_t i = 0; i < 9; ++i) EXPECT_EQ(sequence.bits(), philox.bits(2, i));
}

TEST(PhiloxSequence, UniformAndNormalHaveTheirMoments) {
    PhiloxSequence random(7, "moments");
    constexpr int count = 200000;
    double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
    for (int i = 0; i < count; ++i) {
        const double u = random.uniform();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        sum += u;
        squares += u * u;
        const double n = random.normal();
        normal_sum += n;
        normal_squares += n * n;
    }
    EXPECT_NEAR(sum / count, 0.5, 0.003);
    EXPECT_NEAR(squares / count, 1.0 / 3, 0.003);
    EXPECT_NEAR(normal_sum / count, 0.0, 0.01);
    EXPECT_NEAR(normal_squares / count, 1.0, 0.02);
}

TEST(PhiloxSequence, BelowIsUniform) {
    PhiloxSequence random(3, "below");
    std::array<int, 6> counts{};
    for (int i = 0; i < 60000; ++i) ++counts.at(random.below(6));
    for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
}

TEST(PhiloxSequence, PermutationsHoldEveryPlaceOnce) {
    PhiloxSequence random(11, "shuffle");
    std::vector<size_t> order = random_permutation(random, 1000);
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i);
}

}  // namespace
}  // namespace unmask
