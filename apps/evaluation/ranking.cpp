// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace unmask {
namespace {

Tie total(std::span<const Tie> ties) {
    Tie sum;
    for (const Tie& tie : ties) {
        sum.real += tie.real;
        sum.fake += tie.fake;
    }
    return sum;
}

bool one_class(const Tie& all) {
    return all.real == 0 || all.fake == 0;
}

}  // namespace

std::vector<Tie> ties_from_the_top(std::span<const double> scores, std::span<const int> labels) {
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

std::optional<double> area_under_roc(std::span<const Tie> ties) {
    const Tie all = total(ties);
    if (one_class(all)) return {};
    // The rank statistic in twice the units, in whole numbers: a fake beats every real below it and halves
    // its ties.
    int64_t doubled_wins = 0, real_below = all.real;
    for (const Tie& tie : ties) {
        real_below -= tie.real;
        doubled_wins += tie.fake * (2 * real_below + tie.real);
    }
    return double(doubled_wins) / (2.0 * double(all.fake) * double(all.real));
}

std::optional<double> equal_error_rate(std::span<const Tie> ties) {
    const Tie all = total(ties);
    if (one_class(all)) return {};
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

std::optional<double> average_precision(std::span<const Tie> ties) {
    const Tie all = total(ties);
    if (one_class(all)) return {};
    double sum = 0;
    Tie passed;
    for (const Tie& tie : ties) {
        if (tie.fake == 0 && tie.real == 0) continue;
        passed.real += tie.real;
        passed.fake += tie.fake;
        const double precision = double(passed.fake) / double(passed.fake + passed.real);
        sum += double(tie.fake) / double(all.fake) * precision;
    }
    return sum;
}

double log_loss_of(double score, int label) {
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const double clipped = std::clamp(score, epsilon, 1 - epsilon);
    return -(label == 1 ? std::log(clipped) : std::log1p(-clipped));
}

}  // namespace unmask
