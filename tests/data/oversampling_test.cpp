// SPDX-License-Identifier: Apache-2.0
#include "data/oversampling.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/sampling.h"
#include "tests/data/sampled_videos.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST(Oversampling, TheLastRuleThatFitsCounts) {
    const std::vector<ManifestRow> rows = sampled_videos();
    const std::vector<Oversampling> rules =
        parse_oversampling(" set/original=6 ,/Deepfakes = 2,set/=3,set/FaceSwap=0");
    ASSERT_EQ(rules.size(), 4u);
    EXPECT_EQ(rules[1].method, "Deepfakes");
    EXPECT_EQ(rules[1].times, 2);
    std::vector<int> expected(rows.size(), 3);
    expected[9] = 0;
    EXPECT_EQ(times_of(rows, rules, 4), expected);
    expected.assign(rows.size(), 4);
    expected[7] = expected[8] = expected[9] = 1;
    EXPECT_EQ(times_of(rows, parse_oversampling(""), 4), expected);
    const std::vector<size_t> order =
        epoch_order(rows, {.oversample_real = 4, .oversample = parse_oversampling("set/Deepfakes=2")}, 1, 0);
    EXPECT_EQ(order.size(), 45u);
    EXPECT_EQ(std::ranges::count(order, 7u), 2);
}

TEST(Oversampling, WrongRulesAreNamed) {
    for (const char* text :
         {"set=4", "set/original", "set/original=x", "set/original=-1", "a/b=2,", "a/b=1001"})
        expect_error([&] { static_cast<void>(parse_oversampling(text)); }, {"DATASET/METHOD=TIMES"});
    const std::vector<ManifestRow> rows = sampled_videos();
    expect_error([&] { static_cast<void>(times_of(rows, parse_oversampling("set/Face2Face=2"), 1)); },
                 {"\"set\"", "Face2Face"});
    expect_error([&] { static_cast<void>(times_of(rows, parse_oversampling("/=0"), 1)); }, {"left out"});
}

}  // namespace
}  // namespace unmask
