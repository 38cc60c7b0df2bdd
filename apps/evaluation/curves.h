// SPDX-License-Identifier: Apache-2.0
// What reports draw of scores and labels.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace unmask {

struct RocPoint {
    double false_positive = 0, true_positive = 0;  // rates
};

// From (0, 0) to (1, 1), a point for each distinct score from the highest down; empty unless both classes are
// there.
[[nodiscard]] std::vector<RocPoint> roc_curve(std::span<const double> scores, std::span<const int> labels);

// How many scores of each label lie in each of the bins that divide [0, 1]; 1 belongs to the last.
[[nodiscard]] std::array<std::vector<int64_t>, 2> score_histogram(std::span<const double> scores,
                                                                  std::span<const int> labels, int bins);

// counts[label][answer]; a score at the threshold is answered with fake.
using Confusion = std::array<std::array<int64_t, 2>, 2>;
[[nodiscard]] Confusion confusion_of(std::span<const double> scores, std::span<const int> labels,
                                     double threshold);

}  // namespace unmask
