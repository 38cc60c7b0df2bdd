// SPDX-License-Identifier: Apache-2.0
// An evaluation as the lines of a table, in the order in which every form shows them.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "apps/evaluation/evaluate_model.h"

namespace unmask {

struct EvaluationLine {
    std::string group;  // "all", or a forgery method
    bool video = false;
    const BinaryMetrics* metrics;
    const MetricIntervals* intervals;
};

// They point into the evaluation.
[[nodiscard]] std::vector<EvaluationLine> lines_of(const Evaluation& evaluation);

// Figures and intervals by column.
struct MetricColumn {
    const char* title;  // "AUC"
    const char* name;   // "auc"
    std::optional<double> BinaryMetrics::*value;
    std::optional<Interval> MetricIntervals::*interval;
};
inline constexpr std::array<MetricColumn, 5> metric_columns{{
    {"ACC", "accuracy", &BinaryMetrics::accuracy, &MetricIntervals::accuracy},
    {"AUC", "auc", &BinaryMetrics::auc, &MetricIntervals::auc},
    {"EER", "eer", &BinaryMetrics::eer, &MetricIntervals::eer},
    {"AP", "average_precision", &BinaryMetrics::average_precision, &MetricIntervals::average_precision},
    {"log loss", "log_loss", &BinaryMetrics::log_loss, &MetricIntervals::log_loss},
}};

}  // namespace unmask
