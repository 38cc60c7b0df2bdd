// SPDX-License-Identifier: Apache-2.0
// Confidence intervals by bootstrap over videos (Efron and Tibshirani, "An Introduction to the Bootstrap",
// 1993): frames of one video are not independent, so that whole videos are drawn with replacement, as many
// real and as many fake ones as there are. An interval goes from the 2.5% to the 97.5% quantile of the
// figures of all resamples.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "apps/evaluation/metrics.h"

namespace unmask {

struct Interval {
    double low = 0, high = 0;
    bool operator==(const Interval&) const = default;
};

// Of each figure of BinaryMetrics; nothing where it is undefined.
struct MetricIntervals {
    std::optional<Interval> accuracy{}, auc{}, eer{}, average_precision{}, log_loss{};
};

struct BootstrapOptions {
    int resamples = 1000;  // 0: no intervals
    uint64_t seed = 0;     // Philox stream "bootstrap", one step a resample
};

// Scores and labels of frames or of videos, and for each the number of its video, 0 … videos - 1; all frames
// of a video have one label. Nothing is defined without resamples, and where a class that is there has one
// video only: its resamples would all be the same. The same bytes for any number of threads. Error for
// arguments that do not fit together.
[[nodiscard]] MetricIntervals bootstrap_intervals(std::span<const double> scores, std::span<const int> labels,
                                                  std::span<const int64_t> videos, double threshold,
                                                  const BootstrapOptions& options);

}  // namespace unmask
