// SPDX-License-Identifier: Apache-2.0
// Pages about evaluations.
#pragma once

#include <string>
#include <vector>

#include "apps/evaluation/evaluate_model.h"

namespace unmask {

// Figures as they stand in reports, the first row their heads: frames and videos, each with its intervals.
[[nodiscard]] std::vector<std::vector<std::string>> figure_rows(const Evaluation& evaluation);

// For each dataset its protocol, figures, ROC, histograms and confusion matrices.
[[nodiscard]] std::string evaluation_report(const std::vector<DatasetEvaluation>& evaluations);

// What evaluate_robustness found: for each dataset a curve of AUC for each corruption, and the figures.
[[nodiscard]] std::string robustness_report(const std::vector<DatasetEvaluation>& evaluations);

}  // namespace unmask
