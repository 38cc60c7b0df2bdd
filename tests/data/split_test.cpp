// SPDX-License-Identifier: Apache-2.0
#include "data/split.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

using Counts = std::map<std::string, int>;

Counts count(const std::vector<std::string>& splits) {
    Counts counts;
    for (const std::string& split : splits) ++counts[split];
    return counts;
}

// `pairs` pairs of originals, each with the forgeries a_b and b_a of `methods` methods.
std::vector<SplitItem> paired(int pairs, int methods) {
    std::vector<SplitItem> items;
    for (int p = 0; p < pairs; ++p) {
        const std::string a = fmt::format("{:03}", 2 * p), b = fmt::format("{:03}", 2 * p + 1);
        items.push_back({"original/" + a, 0, {a}, ""});
        items.push_back({"original/" + b, 0, {b}, ""});
        for (int m = 0; m < methods; ++m) {
            items.push_back({fmt::format("method{}/{}_{}", m, a, b), 1, {a, b}, ""});
            items.push_back({fmt::format("method{}/{}_{}", m, b, a), 1, {b, a}, ""});
        }
    }
    return items;
}

TEST(Apportion, LargestRemainderWithNobodyLeftOut) {
    const std::vector<double> usual{0.72, 0.14, 0.14};
    EXPECT_EQ(apportion(1000, usual), (std::vector<int64_t>{720, 140, 140}));
    EXPECT_EQ(apportion(500, usual), (std::vector<int64_t>{360, 70, 70}));
    EXPECT_EQ(apportion(10, usual), (std::vector<int64_t>{7, 2, 1}));
    EXPECT_EQ(apportion(4, usual), (std::vector<int64_t>{2, 1, 1}));
    EXPECT_EQ(apportion(3, usual), (std::vector<int64_t>{1, 1, 1}));
    EXPECT_EQ(apportion(2, usual), (std::vector<int64_t>{1, 0, 1}));
    EXPECT_EQ(apportion(1, usual), (std::vector<int64_t>{1, 0, 0}));
    EXPECT_EQ(apportion(0, usual), (std::vector<int64_t>{0, 0, 0}));
    EXPECT_EQ(apportion(5, std::vector<double>{1, 0, 0}), (std::vector<int64_t>{5, 0, 0}));
    EXPECT_EQ(apportion(2, std::vector<double>{0.1, 0.45, 0.45}), (std::vector<int64_t>{1, 0, 1}));
    EXPECT_EQ(apportion(50, std::vector<double>{0.8, 0, 0.2}), (std::vector<int64_t>{40, 0, 10}));
    for (int64_t n = 0; n < 200; ++n) {
        const std::vector<int64_t> parts = apportion(n, usual);
        EXPECT_EQ(parts[0] + parts[1] + parts[2], n);
        if (n >= 3) {
            EXPECT_GT(*std::min_element(parts.begin(), parts.end()), 0) << n;
        }
    }
}

TEST(SplitByVideo, NoIdentityIsOnTwoSides) {
    const std::vector<SplitItem> items = paired(50, 4);
    const SplitResult result = split_by_video(items, {});
    EXPECT_EQ(count(result.splits), (Counts{{"train", 360}, {"val", 70}, {"test", 70}}));
    std::map<std::string, std::set<std::string>> sides;
    for (size_t i = 0; i < items.size(); ++i)
        for (const std::string& identity : items[i].identities) sides[identity].insert(result.splits[i]);
    for (const auto& [identity, splits] : sides) EXPECT_EQ(splits.size(), 1u) << identity;
    EXPECT_TRUE(result.notices.empty());
}

TEST(SplitByVideo, ChainsOfIdentitiesStayTogether) {
    std::vector<SplitItem> items = paired(20, 1);
    // One forgery ties pair 0 to pair 7, another pair 7 to pair 13.
    items.push_back({"extra/000_014", 1, {"000", "014"}, ""});
    items.push_back({"extra/027_015", 1, {"027", "015"}, ""});
    const SplitResult result = split_by_video(items, {});
    std::set<std::string> sides;
    for (size_t i = 0; i < items.size(); ++i)
        for (const std::string& identity : items[i].identities)
            if (std::set<std::string>{"000", "001", "014", "015", "026", "027"}.count(identity))
                sides.insert(result.splits[i]);
    EXPECT_EQ(sides.size(), 1u);
}

TEST(SplitByVideo, DependsOnNamesAndSeedOnly) {
    std::vector<SplitItem> items = paired(30, 2);
    const auto by_name = [](const std::vector<SplitItem>& list, uint64_t seed) {
        const SplitResult result = split_by_video(list, {.seed = seed});
        std::map<std::string, std::string> splits;
        for (size_t i = 0; i < list.size(); ++i) splits[list[i].name] = result.splits[i];
        return splits;
    };
    const auto first = by_name(items, 1);
    std::shuffle(items.begin(), items.end(), std::mt19937(5));
    EXPECT_EQ(by_name(items, 1), first);
    EXPECT_NE(by_name(items, 2), first);
    // Fixed for all time: a manifest made today must come out the same tomorrow.
    const SplitResult fixed =
        split_by_video(std::vector<SplitItem>{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}, {.seed = 7});
    EXPECT_EQ(count(fixed.splits), (Counts{{"train", 3}, {"val", 1}, {"test", 1}}));
}

TEST(SplitByVideo, TinySetsGetBothLabelsOnEverySide) {
    std::vector<SplitItem> items;
    for (int i = 0; i < 6; ++i) items.push_back({fmt::format("v{}", i), i % 2, {fmt::format("p{}", i)}, ""});
    const SplitResult result = split_by_video(items, {});
    EXPECT_EQ(count(result.splits), (Counts{{"train", 2}, {"val", 2}, {"test", 2}}));
    EXPECT_TRUE(result.notices.empty());
    // One group of each kind: rather a side with one label than an empty one.
    const std::vector<SplitItem> one_each{{"a", 0, {"a"}}, {"b", 1, {"b"}}, {"c", 0, {"c"}}, {"d", 1, {"c"}}};
    EXPECT_EQ(count(split_by_video(one_each, {}).splits).size(), 3u);
    const SplitResult two = split_by_video(paired(2, 1), {});
    EXPECT_EQ(count(two.splits), (Counts{{"train", 4}, {"test", 4}}));
    ASSERT_EQ(two.notices.size(), 1u);
    for (const char* text : {"val split is empty", "form only 2 groups", "--split-by frame"})
        EXPECT_NE(two.notices[0].find(text), std::string::npos) << two.notices[0];
    const std::vector<SplitItem> related{{"a", 0, {"a"}}, {"b", 1, {"a"}}};
    EXPECT_NE(split_by_video(related, {}).notices.back().find("the 2 videos form only 1 group without"),
              std::string::npos);
    const std::vector<SplitItem> alone{{"a", 0, {"a"}}};
    EXPECT_NE(split_by_video(alone, {}).notices.back().find("split is empty: there is only 1 video;"),
              std::string::npos);
}

TEST(SplitByVideo, OfficialListsComeFirst) {
    std::vector<SplitItem> items = paired(3, 1);
    for (size_t i = 0; i < 4; ++i) items[i].official = "test";
    const SplitResult result = split_by_video(items, {.train = 1, .val = 0, .test = 0});
    for (size_t i = 0; i < items.size(); ++i) EXPECT_EQ(result.splits[i], i < 4 ? "test" : "train");
    EXPECT_NE(result.notices.at(0).find("4 of 12 videos"), std::string::npos);
    items[1].official = "train";
    expect_error([&] { static_cast<void>(split_by_video(items, {})); },
                 {"original/000", "original/001", "test", "train"});
}

// Two real videos of each of `people`, and forgeries that put each face into the next `swaps` people's
// videos: all are tied together. The first video of every person and a forgery in ten are official test
// videos.
std::vector<SplitItem> entangled(int people, int swaps) {
    std::vector<SplitItem> items;
    for (int a = 0; a < people; ++a) {
        const std::string id = fmt::format("id{}", a);
        items.push_back({id + "_0", 0, {id}, "test"});
        items.push_back({id + "_1", 0, {id}, official_rest});
        for (int k = 1; k <= swaps; ++k) {
            const std::string other = fmt::format("id{}", (a + k) % people);
            items.push_back({id + "_" + other, 1, {id, other}, a % 10 == 0 ? "test" : official_rest});
        }
    }
    return items;
}

TEST(SplitByVideo, WhatATestListLeavesIsSplitWithoutSharedPeople) {
    const std::vector<SplitItem> items = entangled(50, 8);
    const SplitResult result = split_by_video(items, {});
    std::map<std::string, std::set<std::string>> sides;
    std::map<std::string, std::set<int>> labels;
    int left_out = 0;
    for (size_t i = 0; i < items.size(); ++i) {
        if (items[i].official == "test") {
            EXPECT_EQ(result.splits[i], "test");
            continue;
        }
        EXPECT_NE(result.splits[i], "test");
        left_out += result.splits[i].empty();
        if (result.splits[i].empty()) continue;
        labels[result.splits[i]].insert(items[i].label);
        for (const std::string& identity : items[i].identities) sides[identity].insert(result.splits[i]);
    }
    for (const auto& [identity, splits] : sides) EXPECT_EQ(splits.size(), 1u) << identity;
    EXPECT_EQ(labels, (std::map<std::string, std::set<int>>{{"train", {0, 1}}, {"val", {0, 1}}}));
    EXPECT_GT(left_out, 0);
    EXPECT_LT(left_out, 200);
    const std::string all = fmt::format("{}", fmt::join(result.notices, "\n"));
    EXPECT_NE(all.find(fmt::format("{} videos show an identity of train together", left_out)),
              std::string::npos)
        << all;
    EXPECT_NE(all.find("50 of 50 identities of the official test list are also"), std::string::npos) << all;
}

TEST(SplitByVideo, WhatATestListLeavesStaysWholeWhereItCan) {
    // Pairs of people are small groups: nobody has to be left out.
    std::vector<SplitItem> items = paired(20, 1);
    for (size_t i = 0; i < items.size(); ++i) items[i].official = i < 8 ? "test" : official_rest;
    const SplitResult result = split_by_video(items, {});
    EXPECT_EQ(count(result.splits), (Counts{{"test", 8}, {"train", 60}, {"val", 12}}));
    ASSERT_EQ(result.notices.size(), 1u);  // that official lists were used
    // One person alone cannot be on both sides: the rest is train, and a notice says that val is empty.
    const std::vector<SplitItem> one{{"a", 0, {"p"}, official_rest},
                                     {"b", 1, {"p"}, official_rest},
                                     {"c", 0, {"q"}, "test"},
                                     {"d", 1, {"q"}, "test"}};
    const SplitResult alone = split_by_video(one, {});
    EXPECT_EQ(count(alone.splits), (Counts{{"test", 2}, {"train", 2}}));
    EXPECT_NE(alone.notices.back().find("val split is empty"), std::string::npos) << alone.notices.back();
    // No share for val: nothing is taken apart.
    const SplitResult all = split_by_video(entangled(50, 8), {.train = 0.8, .val = 0, .test = 0.2});
    EXPECT_EQ(count(all.splits), (Counts{{"test", 90}, {"train", 410}}));
}

TEST(SplitByVideo, SaysWhatIsWrong) {
    const std::vector<SplitItem> twice{{"a"}, {"a"}};
    expect_error([&] { static_cast<void>(split_by_video(twice, {})); }, {"\"a\" is there twice"});
    expect_error([&] { static_cast<void>(split_by_video({}, {.train = 0.9})); }, {"sum of 1", "1.18"});
    expect_error([&] { static_cast<void>(split_by_video({}, {.train = 1.1, .val = -0.2, .test = 0.1})); },
                 {"-0.2"});
    expect_error([] { static_cast<void>(parse_split_by("identity")); }, {"video or frame", "identity"});
}

TEST(SplitByFrame, EarlierFramesTrainLaterOnesTest) {
    Manifest manifest;
    for (int frame : {90, 10, 50, 30, 70, 20, 40, 60, 80, 0})
        for (const char* video : {"a", "b"}) manifest.rows.push_back({"x", video, "", "set", "m", 0, frame});
    manifest.rows.push_back({"x", "a", "", "set", "other method", 0, 6});
    manifest.rows.push_back({"x", "a", "", "other set", "m", 0, 5});
    const std::string notice = split_by_frame(manifest, {.by = SplitBy::frame});
    EXPECT_NE(notice.find("too good"), std::string::npos);
    for (const ManifestRow& row : manifest.rows)
        EXPECT_EQ(row.split, row.frame < 70 ? "train" : row.frame < 90 ? "val" : "test") << row.frame;
}

}  // namespace
}  // namespace unmask
