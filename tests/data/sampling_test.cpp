// SPDX-License-Identifier: Apache-2.0
#include "data/sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tests/data/sampled_videos.h"
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

TEST(Sampling, WithoutAnythingEveryRowOnceInAnOrderOfItsOwnEveryEpoch) {
    const std::vector<ManifestRow> rows = rows_of(std::vector<int>(50, 1));
    std::vector<size_t> in_order(50);
    std::iota(in_order.begin(), in_order.end(), size_t{0});
    EXPECT_EQ(epoch_order(rows, {.shuffle = false}, 1, 0), in_order);
    const std::vector<size_t> first = epoch_order(rows, {}, 1, 0);
    EXPECT_EQ(epoch_order(rows, {}, 1, 0), first);
    for (std::vector<size_t> order : {first, epoch_order(rows, {}, 1, 1), epoch_order(rows, {}, 2, 0)}) {
        EXPECT_NE(order, in_order);
        std::ranges::sort(order);
        EXPECT_EQ(order, in_order);
    }
    EXPECT_NE(epoch_order(rows, {}, 1, 1), first);
    EXPECT_NE(epoch_order(rows, {}, 2, 0), first);
    EXPECT_TRUE(epoch_order({}, {.balanced = true}, 1, 0).empty());
}

// The places that a row takes in many epochs are spread evenly.
TEST(Sampling, TheShuffleFavoursNoPlace) {
    const std::vector<ManifestRow> rows = rows_of({0, 1, 0, 1});
    constexpr int epochs = 4000;
    std::map<std::pair<size_t, size_t>, int> seen;
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
        const std::vector<size_t> order = epoch_order(rows, {}, 9, epoch);
        for (size_t place = 0; place < order.size(); ++place) ++seen[{order[place], place}];
    }
    // Five deviations of a binomial with p = 1/4.
    for (size_t row = 0; row < 4; ++row)
        for (size_t place = 0; place < 4; ++place)
            EXPECT_NEAR((seen[{row, place}]), epochs / 4.0, 5 * std::sqrt(epochs * 3.0 / 16)) << row << place;
}

TEST(Sampling, EveryVideoShowsTheSameNumberOfPictures) {
    const std::vector<ManifestRow> rows = sampled_videos();
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

}  // namespace
}  // namespace unmask
