// SPDX-License-Identifier: Apache-2.0
// The figures that depend on the order of the scores alone, from groups of equal scores: what metrics and
// bootstrap share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace unmask {

// How many of each class share one score. Groups that are empty change nothing.
struct Tie {
    int64_t real = 0, fake = 0;
};

// The groups of equal scores from the highest down.
[[nodiscard]] std::vector<Tie> ties_from_the_top(std::span<const double> scores, std::span<const int> labels);

// Of groups from the highest score down; nothing unless both classes are there. See metrics.h.
[[nodiscard]] std::optional<double> area_under_roc(std::span<const Tie> ties);
[[nodiscard]] std::optional<double> equal_error_rate(std::span<const Tie> ties);
[[nodiscard]] std::optional<double> average_precision(std::span<const Tie> ties);

// -log p(label), p clipped to [ε, 1 - ε] with ε = 2^-52.
[[nodiscard]] double log_loss_of(double score, int label);

}  // namespace unmask
