// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/curves.h"

#include <gtest/gtest.h>

#include "apps/evaluation/metrics.h"
#include "engine/philox.h"

namespace unmask {
namespace {

TEST(Curves, RocGoesThroughEveryDistinctScore) {
    const std::vector<double> scores{0.9, 0.6, 0.6, 0.2};
    const std::vector<int> labels{1, 0, 1, 0};
    const std::vector<RocPoint> points = roc_curve(scores, labels);
    ASSERT_EQ(points.size(), 4u);
    EXPECT_EQ(points[1].true_positive, 0.5);
    EXPECT_EQ(points[1].false_positive, 0);
    EXPECT_EQ(points[2].true_positive, 1);
    EXPECT_EQ(points[2].false_positive, 0.5);
    EXPECT_TRUE(roc_curve(scores, std::vector<int>{1, 1, 1, 1}).empty());
}

TEST(Curves, TheAreaUnderTheRocCurveIsTheAuc) {
    PhiloxSequence random(1, "curves");
    std::vector<double> scores;
    std::vector<int> labels;
    for (int i = 0; i < 300; ++i) {
        labels.push_back(int(random.below(2)));
        scores.push_back(double(random.below(30) + uint64_t(8 * labels.back())) / 40);
    }
    double area = 0;
    const std::vector<RocPoint> points = roc_curve(scores, labels);
    for (size_t i = 1; i < points.size(); ++i)
        area += (points[i].false_positive - points[i - 1].false_positive) *
                (points[i].true_positive + points[i - 1].true_positive) / 2;
    EXPECT_NEAR(area, *area_under_roc(scores, labels), 1e-12);
}

TEST(Curves, HistogramsAndConfusionCountEveryScore) {
    const std::vector<double> scores{0, 0.09, 0.5, 1};
    const std::vector<int> labels{0, 1, 1, 1};
    const auto counts = score_histogram(scores, labels, 10);
    EXPECT_EQ(counts[0], (std::vector<int64_t>{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(counts[1], (std::vector<int64_t>{1, 0, 0, 0, 0, 1, 0, 0, 0, 1}));
    EXPECT_EQ(confusion_of(scores, labels, 0.5), (Confusion{{{1, 0}, {1, 2}}}));
}

}  // namespace
}  // namespace unmask
