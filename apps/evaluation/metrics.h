// SPDX-License-Identifier: Apache-2.0
// How well scores tell fake (positive) from real (negative). What a set of labels leaves undefined is no
// number.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace unmask {

struct BinaryMetrics {
    int64_t real = 0, fake = 0;      // how many of each
    std::optional<double> accuracy;  // share on the right side of the threshold; undefined without any score
    std::optional<double> auc;       // the rest but log_loss: undefined unless both classes are there
    std::optional<double> eer;
    std::optional<double> average_precision;
    std::optional<double> log_loss;  // undefined without any score
};

// scores[i] is the probability that i is fake, labels[i] is 0 (real) or 1 (fake). Error when the lengths
// differ, a label is neither, or a score is not between 0 and 1.
[[nodiscard]] BinaryMetrics binary_metrics(std::span<const double> scores, std::span<const int> labels,
                                           double threshold = 0.5);

// Share of scores on the right side; a score at the threshold counts as fake.
[[nodiscard]] std::optional<double> accuracy(std::span<const double> scores, std::span<const int> labels,
                                             double threshold = 0.5);

// Area under the ROC curve: the probability that a fake scores above a real, ties counting one half
// (Mann-Whitney): (Σ ranks of the fakes - f (f + 1) / 2) / (f · r), tied scores sharing their mean rank.
[[nodiscard]] std::optional<double> area_under_roc(std::span<const double> scores,
                                                   std::span<const int> labels);

// The rate at which as many reals pass for fake as fakes pass for real: where the ROC curve, its points
// joined by straight lines, crosses false positive rate = 1 - true positive rate.
[[nodiscard]] std::optional<double> equal_error_rate(std::span<const double> scores,
                                                     std::span<const int> labels);

// Σ_n (R_n - R_(n-1)) P_n over the distinct scores from the highest down (scikit-learn's
// average_precision_score).
[[nodiscard]] std::optional<double> average_precision(std::span<const double> scores,
                                                      std::span<const int> labels);

// Mean of -log p(label), p clipped to [ε, 1 - ε] with ε = 2^-52.
[[nodiscard]] std::optional<double> log_loss(std::span<const double> scores, std::span<const int> labels);

}  // namespace unmask
