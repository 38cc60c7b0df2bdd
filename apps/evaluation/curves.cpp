// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/curves.h"

#include <algorithm>

#include "apps/evaluation/ranking.h"

namespace unmask {

std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const int> labels) {
    const std::vector<Tie> ties = ties_from_the_top(scores, labels);
    Tie all;
    for (const Tie& tie : ties) {
        all.real += tie.real;
        all.fake += tie.fake;
    }
    if (all.real == 0 || all.fake == 0) return {};
    std::vector<RocPoint> points{{0, 0}};
    Tie passed;
    for (const Tie& tie : ties) {
        passed.real += tie.real;
        passed.fake += tie.fake;
        points.push_back({double(passed.real) / double(all.real), double(passed.fake) / double(all.fake)});
    }
    return points;
}

std::array<std::vector<int64_t>, 2> score_histogram(std::span<const double> scores,
                                                    std::span<const int> labels, int bins) {
    std::array<std::vector<int64_t>, 2> counts{std::vector<int64_t>(size_t(bins), 0),
                                               std::vector<int64_t>(size_t(bins), 0)};
    for (size_t i = 0; i < scores.size(); ++i)
        ++counts[size_t(labels[i])][size_t(std::clamp(int(scores[i] * bins), 0, bins - 1))];
    return counts;
}

Confusion confusion_of(std::span<const double> scores, std::span<const int> labels, double threshold) {
    Confusion counts{};
    for (size_t i = 0; i < scores.size(); ++i) ++counts[size_t(labels[i])][scores[i] >= threshold ? 1 : 0];
    return counts;
}

}  // namespace unmask
