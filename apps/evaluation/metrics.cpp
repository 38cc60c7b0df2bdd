// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/metrics.h"

#include <algorithm>

#include "apps/evaluation/ranking.h"
#include "engine/error.h"

namespace unmask {
namespace {

void check(std::span<const double> scores, std::span<const int> labels) {
    if (scores.size() != labels.size())
        fail("metrics expected one label for each of {} scores, found {}", scores.size(), labels.size());
    for (size_t i = 0; i < scores.size(); ++i) {
        if (labels[i] != 0 && labels[i] != 1) fail("metrics expected labels 0 or 1, found {}", labels[i]);
        if (!(scores[i] >= 0 && scores[i] <= 1))
            fail("metrics expected scores between 0 and 1, found {}", scores[i]);
    }
}

}  // namespace

std::optional<double> accuracy(std::span<const double> scores, std::span<const int> labels,
                               double threshold) {
    check(scores, labels);
    if (scores.empty()) return {};
    int64_t right = 0;
    for (size_t i = 0; i < scores.size(); ++i) right += (scores[i] >= threshold) == (labels[i] == 1);
    return double(right) / double(scores.size());
}

std::optional<double> area_under_roc(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    return area_under_roc(ties_from_the_top(scores, labels));
}

std::optional<double> equal_error_rate(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    return equal_error_rate(ties_from_the_top(scores, labels));
}

std::optional<double> average_precision(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    return average_precision(ties_from_the_top(scores, labels));
}

std::optional<double> log_loss(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    if (scores.empty()) return {};
    double sum = 0;
    for (size_t i = 0; i < scores.size(); ++i) sum += log_loss_of(scores[i], labels[i]);
    return sum / double(scores.size());
}

BinaryMetrics binary_metrics(std::span<const double> scores, std::span<const int> labels, double threshold) {
    return {.real = std::ranges::count(labels, 0),
            .fake = std::ranges::count(labels, 1),
            .accuracy = accuracy(scores, labels, threshold),
            .auc = area_under_roc(scores, labels),
            .eer = equal_error_rate(scores, labels),
            .average_precision = average_precision(scores, labels),
            .log_loss = log_loss(scores, labels)};
}

}  // namespace unmask
