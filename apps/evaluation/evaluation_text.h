// SPDX-License-Identifier: Apache-2.0
// Evaluations for people and for programs. Every form holds the protocol of each figure; what is undefined
// reads n/a, in CSV it is empty, in JSON null.
#pragma once

#include <string>
#include <vector>

#include "apps/evaluation/evaluate_model.h"

namespace unmask {

// One table for a terminal: a line of figures, and below it their intervals where there are any.
[[nodiscard]] std::string evaluation_text(const std::vector<DatasetEvaluation>& evaluations);
// The figures alone.
[[nodiscard]] std::string evaluation_text(const Evaluation& evaluation);
// How far scores can be taken for probabilities: "drawn frames: ECE 0.0412; with the model's temperature …".
[[nodiscard]] std::string calibration_line(const DatasetEvaluation& evaluation);
// For write_answer, which ends the last line. A table in GitHub's Markdown, for papers and issues.
[[nodiscard]] std::string evaluation_markdown(const std::vector<DatasetEvaluation>& evaluations);
// A line for every dataset, method and level; every line repeats its protocol. The calibration stands in the
// lines of all frames: temperature (empty: the model has none), ece and calibrated_ece.
[[nodiscard]] std::string evaluation_csv(const std::vector<DatasetEvaluation>& evaluations);

// "results": for each dataset name, protocol, frame, video, methods; each set of metrics with real, fake,
// accuracy, auc, eer, average_precision, log_loss and, by the same names, intervals [low, high]; calibration
// with the model's temperature and thresholds, ece and calibrated_ece of the frames.
[[nodiscard]] std::string evaluation_answer(const std::vector<DatasetEvaluation>& evaluations);
// With `aggregations` also these: for each its name, the same metrics of the videos, and their ece.
[[nodiscard]] std::string evaluation_answer(const std::vector<DatasetEvaluation>& evaluations,
                                            bool aggregations);

}  // namespace unmask
