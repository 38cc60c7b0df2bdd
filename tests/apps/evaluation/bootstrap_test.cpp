// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "cpu/parallel.h"
#include "engine/philox.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

struct Sample {
    std::vector<double> scores;
    std::vector<int> labels;
    std::vector<int64_t> videos;
};

// Videos of both classes with different numbers of frames, and ties.
Sample sample(int videos, uint64_t seed) {
    PhiloxSequence random(seed, "sample");
    Sample result;
    for (int video = 0; video < videos; ++video) {
        const int label = video % 3 == 0 ? 0 : 1;
        const double offset = random.uniform(0, 0.4) + 0.2 * label;
        for (uint64_t frame = 0; frame <= random.below(4); ++frame) {
            result.scores.push_back(double(int((offset + random.uniform(0, 0.4)) * 20)) / 20);
            result.labels.push_back(label);
            result.videos.push_back(video);
        }
    }
    return result;
}

// The same intervals the slow way: the drawn videos' frames written out one after the other, then measured.
MetricIntervals slow_intervals(const Sample& sample, int videos, double threshold, int resamples,
                               uint64_t seed) {
    std::vector<std::vector<double>> figures(5);
    for (int resample = 0; resample < resamples; ++resample) {
        PhiloxSequence random(seed, "bootstrap", uint64_t(resample));
        std::vector<double> scores;
        std::vector<int> labels;
        for (const int label : {0, 1}) {
            std::vector<int64_t> members;
            for (int64_t video = 0; video < videos; ++video)
                if ((video % 3 == 0 ? 0 : 1) == label) members.push_back(video);
            for (size_t draw = 0; draw < members.size(); ++draw) {
                const int64_t video = members[random.below(members.size())];
                for (size_t i = 0; i < sample.scores.size(); ++i) {
                    if (sample.videos[i] != video) continue;
                    scores.push_back(sample.scores[i]);
                    labels.push_back(label);
                }
            }
        }
        const BinaryMetrics metrics = binary_metrics(scores, labels, threshold);
        figures[0].push_back(*metrics.accuracy);
        figures[1].push_back(*metrics.auc);
        figures[2].push_back(*metrics.eer);
        figures[3].push_back(*metrics.average_precision);
        figures[4].push_back(*metrics.log_loss);
    }
    std::vector<Interval> result;
    for (std::vector<double>& values : figures) {
        std::ranges::sort(values);
        const auto at = [&](double share) {
            const double place = share * double(values.size() - 1);
            const auto i = size_t(place);
            return values[i] + (place - double(i)) * (values[std::min(i + 1, values.size() - 1)] - values[i]);
        };
        result.push_back({at(0.025), at(0.975)});
    }
    return {result[0], result[1], result[2], result[3], result[4]};
}

void expect_near(const std::optional<Interval>& found, const std::optional<Interval>& expected) {
    ASSERT_TRUE(found && expected);
    EXPECT_NEAR(found->low, expected->low, 1e-12);
    EXPECT_NEAR(found->high, expected->high, 1e-12);
}

TEST(Bootstrap, MeasuresTheFramesOfTheDrawnVideos) {
    const Sample data = sample(23, 1);
    const MetricIntervals found = bootstrap_intervals(data.scores, data.labels, data.videos, 0.45, {60, 7});
    const MetricIntervals expected = slow_intervals(data, 23, 0.45, 60, 7);
    expect_near(found.accuracy, expected.accuracy);
    expect_near(found.auc, expected.auc);
    expect_near(found.eer, expected.eer);
    expect_near(found.average_precision, expected.average_precision);
    expect_near(found.log_loss, expected.log_loss);
    EXPECT_LT(found.auc->low, found.auc->high);
}

TEST(Bootstrap, IsTheSameForAnyNumberOfThreadsAndAnotherForAnotherSeed) {
    const Sample data = sample(30, 2);
    const auto interval = [&](uint64_t seed) {
        return *bootstrap_intervals(data.scores, data.labels, data.videos, 0.5, {100, seed}).auc;
    };
    set_thread_count(1);
    const Interval one = interval(3);
    set_thread_count(3);
    EXPECT_EQ(interval(3), one);
    EXPECT_NE(interval(4), one);
    set_thread_count(1);
}

// The width of the interval is that of the statistic: for the accuracy of n videos with one frame each, which
// are right with probability p, about 2 · 1.96 · sqrt(p (1 - p) / n).
TEST(Bootstrap, AccuracyIntervalsHaveTheBinomialWidth) {
    Sample data;
    for (int64_t video = 0; video < 400; ++video) {
        data.labels.push_back(int(video % 2));
        data.scores.push_back(video % 10 < 2 ? double(1 - video % 2) : double(video % 2));  // 80% right
        data.videos.push_back(video);
    }
    const MetricIntervals found = bootstrap_intervals(data.scores, data.labels, data.videos, 0.5, {2000, 0});
    EXPECT_NEAR(found.accuracy->low, 0.8 - 1.96 * 0.02, 0.004);
    EXPECT_NEAR(found.accuracy->high, 0.8 + 1.96 * 0.02, 0.004);
    // The same frames in ten times fewer videos that are right or wrong as a whole say much less.
    for (int64_t i = 0; i < 400; ++i) {
        data.videos[size_t(i)] = i / 20 * 2 + i % 2;
        data.scores[size_t(i)] = i / 20 % 5 == 0 ? double(1 - i % 2) : double(i % 2);
    }
    const MetricIntervals few = bootstrap_intervals(data.scores, data.labels, data.videos, 0.5, {2000, 0});
    EXPECT_GT(few.accuracy->high - few.accuracy->low, 2 * (found.accuracy->high - found.accuracy->low));
}

TEST(Bootstrap, IsUndefinedWithoutResamplesOrWithOneVideoOfAClass) {
    const Sample data = sample(10, 3);
    EXPECT_FALSE(bootstrap_intervals(data.scores, data.labels, data.videos, 0.5, {0, 0}).auc);
    const std::vector<double> scores{0.1, 0.2, 0.7};
    const std::vector<int> labels{0, 0, 1};
    EXPECT_FALSE(bootstrap_intervals(scores, labels, std::vector<int64_t>{0, 1, 2}, 0.5, {100, 0}).accuracy);
    // One class: what needs both stays undefined.
    const std::vector<int> fakes{1, 1, 1};
    const MetricIntervals one =
        bootstrap_intervals(scores, fakes, std::vector<int64_t>{0, 1, 2}, 0.5, {100, 0});
    EXPECT_TRUE(one.accuracy && one.log_loss);
    EXPECT_FALSE(one.auc || one.eer || one.average_precision);
}

TEST(Bootstrap, RefusesWhatDoesNotFit) {
    const std::vector<double> scores{0.1, 0.2};
    expect_error(
        [&] {
            static_cast<void>(
                bootstrap_intervals(scores, std::vector{0}, std::vector<int64_t>{0, 1}, 0.5, {10, 0}));
        },
        {"for each of 2 scores", "found 1 and 2"});
    expect_error(
        [&] {
            static_cast<void>(
                bootstrap_intervals(scores, std::vector{0, 1}, std::vector<int64_t>{0, 0}, 0.5, {10, 0}));
        },
        {"one label", "both"});
}

}  // namespace
}  // namespace unmask
