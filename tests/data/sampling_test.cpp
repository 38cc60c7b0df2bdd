// SPDX-License-Identifier: Apache-2.0
#include "data/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

// A video each.
std::vector<ManifestRow> rows_of(const std::vector<int>& labels) {
    std::vector<ManifestRow> rows;
    for (const int label : labels)
        rows.push_back(
            {.path = std::to_string(rows.size()), .video = std::to_string(rows.size()), .label = label});
    return rows;
}

TEST(Sampling, BalancingShowsBothClassesEquallyOften) {
    const std::vector<ManifestRow> rows = rows_of({0, 1, 1, 1, 1, 1, 1, 1});
    for (const bool shuffle : {false, true}) {
        const std::vector<size_t> order = epoch_order(rows, {.shuffle = shuffle, .balanced = true}, 1, 0);
        EXPECT_EQ(order.size(), 14u);
        EXPECT_EQ(std::ranges::count(order, 0u), 7);
        for (size_t i = 1; i < 8; ++i) EXPECT_EQ(std::ranges::count(order, i), 1);
    }
    // Two rare ones for five: each twice, and one of them once more; which one changes from epoch to epoch.
    const std::vector<ManifestRow> five = rows_of({0, 0, 1, 1, 1, 1, 1});
    std::set<std::ptrdiff_t> firsts;
    for (int64_t epoch = 0; epoch < 10; ++epoch) {
        const std::vector<size_t> order = epoch_order(five, {.balanced = true}, 1, epoch);
        EXPECT_EQ(order.size(), 10u);
        firsts.insert(std::ranges::count(order, 0u));
        EXPECT_EQ(std::ranges::count(order, 0u) + std::ranges::count(order, 1u), 5);
    }
    EXPECT_EQ(firsts, (std::set<std::ptrdiff_t>{2, 3}));
}

TEST(Sampling, RealPicturesAreRepeatedAndOneClassStaysAsItIs) {
    const std::vector<ManifestRow> rows = rows_of({0, 1, 0});
    const std::vector<size_t> order = epoch_order(rows, {.oversample_real = 4}, 1, 0);
    EXPECT_EQ(std::ranges::count(order, 0u), 4);
    EXPECT_EQ(std::ranges::count(order, 1u), 1);
    EXPECT_EQ(std::ranges::count(order, 2u), 4);
    const std::vector<ManifestRow> fakes = rows_of({1, 1});
    EXPECT_EQ(epoch_order(fakes, {.balanced = true}, 1, 0).size(), 2u);
    expect_error([&] { static_cast<void>(epoch_order(rows, {.oversample_real = 0}, 1, 0)); }, {"0"});
}

// Videos a (real, 7 pictures) and b (fake, 2), a second b of another method, and c (real, 3).
std::vector<ManifestRow> videos() {
    std::vector<ManifestRow> rows;
    const auto add = [&](const char* video, const char* method, int label, int count) {
        for (int i = 0; i < count; ++i)
            rows.push_back({.path = std::to_string(rows.size()),
                            .video = video,
                            .dataset = "set",
                            .method = method,
                            .label = label});
    };
    add("a", "original", 0, 7);
    add("b", "Deepfakes", 1, 2);
    add("b", "FaceSwap", 1, 1);
    add("c", "original", 0, 3);
    return rows;
}

TEST(Sampling, EveryVideoShowsTheSameNumberOfPictures) {
    const std::vector<ManifestRow> rows = videos();
    std::set<std::set<size_t>> of_the_long_one;
    std::map<size_t, int> shown;
    for (int64_t epoch = 0; epoch < 200; ++epoch) {
        const std::vector<size_t> order = epoch_order(rows, {.pictures_a_video = 3}, 4, epoch);
        EXPECT_EQ(order, epoch_order(rows, {.pictures_a_video = 3}, 4, epoch));
        EXPECT_EQ(order.size(), 12u);
        std::map<std::pair<std::string, std::string>, int> counts;
        std::map<size_t, int> times;
        for (const size_t i : order) {
            ++counts[{rows[i].video, rows[i].method}];
            ++times[i];
            ++shown[i];
        }
        EXPECT_EQ(counts.size(), 4u);
        for (const auto& [video, count] : counts) EXPECT_EQ(count, 3) << video.first << " " << video.second;
        // A short video's pictures come once or twice, a long one's at most once, the only one three times.
        std::set<size_t> chosen;
        for (size_t i = 0; i < 7; ++i) {
            EXPECT_LE(times[i], 1);
            if (times[i] == 1) chosen.insert(i);
        }
        EXPECT_GE(times[7], 1);
        EXPECT_GE(times[8], 1);
        EXPECT_EQ(times[9], 3);
        of_the_long_one.insert(chosen);
    }
    EXPECT_GT(of_the_long_one.size(), 20u);  // of 35
    for (size_t i = 0; i < 7; ++i) EXPECT_NEAR(shown[i], 200 * 3 / 7.0, 30) << i;
    // All at once: oversampling comes after it, balancing last.
    const std::vector<size_t> all = epoch_order(
        rows, {.pictures_a_video = 3, .oversample = {{"", "FaceSwap", 4}}, .balanced = true}, 4, 0);
    EXPECT_EQ(all.size(), 30u);
    EXPECT_EQ(std::ranges::count(all, 9u), 12);
    expect_error([&] { static_cast<void>(epoch_order(rows, {.pictures_a_video = -1}, 4, 0)); }, {"-1"});
}

TEST(Oversampling, TheLastRuleThatFitsCounts) {
    const std::vector<ManifestRow> rows = videos();
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
    const std::vector<ManifestRow> rows = videos();
    expect_error([&] { static_cast<void>(times_of(rows, parse_oversampling("set/Face2Face=2"), 1)); },
                 {"\"set\"", "Face2Face"});
    expect_error([&] { static_cast<void>(times_of(rows, parse_oversampling("/=0"), 1)); }, {"left out"});
}

}  // namespace
}  // namespace unmask
