// SPDX-License-Identifier: Apache-2.0
// Which way of making a video's score out of its pictures' serves best: every one that detect knows, measured
// on the same scores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/evaluation/evaluate_model.h"

namespace unmask {

// Of one aggregation, by video, of scores with the model's temperature applied.
struct AggregationFigures {
    std::string name;
    BinaryMetrics metrics;
    std::optional<double> calibration_error;
};
[[nodiscard]] std::vector<AggregationFigures> aggregation_figures(const DatasetEvaluation& evaluation);

// A line for each aggregation: figures by video, and the expected calibration error, of scores with the
// model's temperature applied.
[[nodiscard]] std::string aggregation_text(const std::vector<DatasetEvaluation>& evaluations);

}  // namespace unmask
