// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "engine/philox.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

using Scores = std::vector<double>;
using Labels = std::vector<int>;

TEST(Metrics, AucOfTheUsualExampleIsThreeQuarters) {
    // Pairs (fake, real): 0.35 over 0.1 but under 0.4, 0.8 over both.
    EXPECT_DOUBLE_EQ(*area_under_roc(Scores{0.1, 0.4, 0.35, 0.8}, Labels{0, 0, 1, 1}), 0.75);
}

TEST(Metrics, AucCountsTiesAsOneHalf) {
    EXPECT_DOUBLE_EQ(*area_under_roc(Scores{0.5, 0.5, 0.5}, Labels{0, 1, 1}), 0.5);
    // Fake 0.7 against real 0.7 and 0.2: (1/2 + 1) / 2; fake 0.1: 0. Together 1.5 of 4.
    EXPECT_DOUBLE_EQ(*area_under_roc(Scores{0.7, 0.2, 0.7, 0.1}, Labels{0, 0, 1, 1}), 0.375);
}

TEST(Metrics, AucIsTheShareOfPairsInTheRightOrder) {
    PhiloxSequence random(3, "metrics");
    Scores scores;
    Labels labels;
    for (int i = 0; i < 200; ++i) {
        scores.push_back(double(random.below(20)) / 20);
        labels.push_back(int(random.below(2)));
    }
    double wins = 0, pairs = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
        for (size_t k = 0; k < scores.size(); ++k) {
            if (labels[i] != 1 || labels[k] != 0) continue;
            wins += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
            ++pairs;
        }
    }
    EXPECT_NEAR(*area_under_roc(scores, labels), wins / pairs, 1e-12);
}

TEST(Metrics, PerfectAndReversedScores) {
    const Labels labels{0, 0, 1, 1};
    const BinaryMetrics perfect = binary_metrics(Scores{0.1, 0.2, 0.8, 0.9}, labels);
    EXPECT_DOUBLE_EQ(*perfect.auc, 1);
    EXPECT_DOUBLE_EQ(*perfect.eer, 0);
    EXPECT_DOUBLE_EQ(*perfect.average_precision, 1);
    EXPECT_DOUBLE_EQ(*perfect.accuracy, 1);
    const BinaryMetrics reversed = binary_metrics(Scores{0.9, 0.8, 0.2, 0.1}, labels);
    EXPECT_DOUBLE_EQ(*reversed.auc, 0);
    EXPECT_DOUBLE_EQ(*reversed.eer, 1);
    EXPECT_DOUBLE_EQ(*reversed.accuracy, 0);
}

TEST(Metrics, AveragePrecisionByHand) {
    // From the top: fake (P 1, R 1/2), real, fake (P 2/3, R 1): 1/2 · 1 + 1/2 · 2/3.
    EXPECT_NEAR(*average_precision(Scores{0.1, 0.4, 0.35, 0.8}, Labels{0, 0, 1, 1}), 0.5 + 0.5 * 2 / 3,
                1e-12);
    // One tie of all: precision is the share of fakes.
    EXPECT_NEAR(*average_precision(Scores{0.5, 0.5, 0.5}, Labels{0, 1, 1}), 2.0 / 3, 1e-12);
}

TEST(Metrics, EqualErrorRateInterpolates) {
    // ROC points (FPR, FNR): (0, 1) (0, 1/2) (1/2, 1/2) …: they meet at 1/2.
    EXPECT_DOUBLE_EQ(*equal_error_rate(Scores{0.1, 0.4, 0.35, 0.8}, Labels{0, 0, 1, 1}), 0.5);
    // All tied: one segment from (0, 1) to (1, 0).
    EXPECT_DOUBLE_EQ(*equal_error_rate(Scores{0.5, 0.5, 0.5}, Labels{0, 1, 1}), 0.5);
    // Three reals, one of them tied with a fake: (0, 1) (0, 1/2) (1/3, 0); on the last segment FPR = t/3 and
    // FNR = 1/2 - t/2 meet at t = 3/5.
    EXPECT_NEAR(*equal_error_rate(Scores{0.1, 0.2, 0.6, 0.6, 0.9}, Labels{0, 0, 0, 1, 1}), 0.2, 1e-12);
}

TEST(Metrics, LogLossByHandAndFiniteWhenCertainAndWrong) {
    EXPECT_NEAR(*log_loss(Scores{0.25, 0.5}, Labels{0, 1}), (-std::log(0.75) - std::log(0.5)) / 2, 1e-12);
    EXPECT_NEAR(*log_loss(Scores{0.0}, Labels{1}), 52 * std::log(2.0), 1e-9);
    EXPECT_NEAR(*log_loss(Scores{1.0}, Labels{0}), 52 * std::log(2.0), 1e-9);
}

TEST(Metrics, AScoreAtTheThresholdIsFake) {
    EXPECT_DOUBLE_EQ(*accuracy(Scores{0.5, 0.5}, Labels{0, 1}), 0.5);
    EXPECT_DOUBLE_EQ(*accuracy(Scores{0.5, 0.5}, Labels{0, 1}, 0.6), 0.5);
    EXPECT_DOUBLE_EQ(*accuracy(Scores{0.5}, Labels{1}), 1.0);
}

TEST(Metrics, OneClassLeavesRanksUndefined) {
    for (const int label : {0, 1}) {
        const BinaryMetrics metrics = binary_metrics(Scores{0.2, 0.7}, Labels{label, label});
        EXPECT_FALSE(metrics.auc.has_value());
        EXPECT_FALSE(metrics.eer.has_value());
        EXPECT_FALSE(metrics.average_precision.has_value());
        EXPECT_DOUBLE_EQ(*metrics.accuracy, 0.5);
        EXPECT_TRUE(metrics.log_loss.has_value());
    }
}

TEST(Metrics, NoScoresLeaveEverythingUndefined) {
    const BinaryMetrics metrics = binary_metrics(Scores{}, Labels{});
    EXPECT_EQ(metrics.real + metrics.fake, 0);
    EXPECT_FALSE(metrics.accuracy || metrics.auc || metrics.eer || metrics.average_precision ||
                 metrics.log_loss);
}

TEST(Metrics, WrongInputIsRefused) {
    expect_error([] { static_cast<void>(binary_metrics(Scores{0.1}, Labels{})); },
                 {"one label for each of 1"});
    expect_error([] { static_cast<void>(binary_metrics(Scores{0.1}, Labels{2})); }, {"labels 0 or 1", "2"});
    expect_error([] { static_cast<void>(binary_metrics(Scores{1.5}, Labels{1})); },
                 {"between 0 and 1", "1.5"});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    expect_error([&] { static_cast<void>(binary_metrics(Scores{nan}, Labels{1})); },
                 {"between 0 and 1", "nan"});
}

}  // namespace
}  // namespace unmask
