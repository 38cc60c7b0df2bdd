// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "engine/error.h"

namespace unmask {
namespace {

// How many of each class share one score.
struct Tie {
    int64_t real = 0, fake = 0;
};

void check(std::span<const double> scores, std::span<const int> labels) {
    if (scores.size() != labels.size())
        fail("metrics expected one label for each of {} scores, found {}", scores.size(), labels.size());
    for (size_t i = 0; i < scores.size(); ++i) {
        if (labels[i] != 0 && labels[i] != 1) fail("metrics expected labels 0 or 1, found {}", labels[i]);
        if (!(scores[i] >= 0 && scores[i] <= 1))
            fail("metrics expected scores between 0 and 1, found {}", scores[i]);
    }
}

// The groups of equal scores from the highest down; empty unless both classes are there.
std::vector<Tie> ties_from_the_top(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    if (std::ranges::count(labels, 0) == 0 || std::ranges::count(labels, 1) == 0) return {};
    std::vector<size_t> order(scores.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    std::vector<Tie> ties;
    for (size_t i = 0; i < order.size(); ++i) {
        if (i == 0 || scores[order[i]] != scores[order[i - 1]]) ties.emplace_back();
        ++(labels[order[i]] == 1 ? ties.back().fake : ties.back().real);
    }
    return ties;
}

Tie total(const std::vector<Tie>& ties) {
    Tie sum;
    for (const Tie& tie : ties) {
        sum.real += tie.real;
        sum.fake += tie.fake;
    }
    return sum;
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
    const std::vector<Tie> ties = ties_from_the_top(scores, labels);
    if (ties.empty()) return {};
    const Tie all = total(ties);
    // The rank statistic in twice the units, in whole numbers: a fake beats every real below it and halves
    // its ties.
    int64_t doubled_wins = 0, real_below = all.real;
    for (const Tie& tie : ties) {
        real_below -= tie.real;
        doubled_wins += tie.fake * (2 * real_below + tie.real);
    }
    return double(doubled_wins) / (2.0 * double(all.fake) * double(all.real));
}

std::optional<double> equal_error_rate(std::span<const double> scores, std::span<const int> labels) {
    const std::vector<Tie> ties = ties_from_the_top(scores, labels);
    if (ties.empty()) return {};
    const Tie all = total(ties);
    double false_positive = 0, false_negative = 1;  // nothing called fake
    Tie passed;
    for (const Tie& tie : ties) {
        passed.real += tie.real;
        passed.fake += tie.fake;
        const double next_positive = double(passed.real) / double(all.real);
        const double next_negative = 1 - double(passed.fake) / double(all.fake);
        if (next_positive >= next_negative) {
            // On the segment, false_negative - false_positive falls linearly from `before` ≥ 0 to `after` ≤
            // 0.
            const double before = false_negative - false_positive, after = next_negative - next_positive;
            const double share = before == after ? 0 : before / (before - after);
            return false_positive + share * (next_positive - false_positive);
        }
        false_positive = next_positive;
        false_negative = next_negative;
    }
    return false_positive;
}

std::optional<double> average_precision(std::span<const double> scores, std::span<const int> labels) {
    const std::vector<Tie> ties = ties_from_the_top(scores, labels);
    if (ties.empty()) return {};
    const Tie all = total(ties);
    double sum = 0;
    Tie passed;
    for (const Tie& tie : ties) {
        passed.real += tie.real;
        passed.fake += tie.fake;
        const double precision = double(passed.fake) / double(passed.fake + passed.real);
        sum += double(tie.fake) / double(all.fake) * precision;
    }
    return sum;
}

std::optional<double> log_loss(std::span<const double> scores, std::span<const int> labels) {
    check(scores, labels);
    if (scores.empty()) return {};
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    double sum = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
        const double score = std::clamp(scores[i], epsilon, 1 - epsilon);
        sum -= labels[i] == 1 ? std::log(score) : std::log1p(-score);
    }
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
