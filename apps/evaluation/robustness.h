// SPDX-License-Identifier: Apache-2.0
// How a detector's figures fall as pictures get worse: every corruption of the table at every strength.
#pragma once

#include <string>
#include <vector>

#include "apps/evaluation/evaluate_model.h"

namespace unmask {

// For each manifest the pictures as they are (corruption "none"), then each corruption and strength in the
// table's order; without methods. Noise draws from the bootstrap's seed. The same bytes for any number of
// threads that load. Shows its progress; errors as evaluate_model.
[[nodiscard]] std::vector<DatasetEvaluation> evaluate_robustness(const EvaluateOptions& options);

// Tables of AUC and ACC by corruption and strength, by frame and by video.
[[nodiscard]] std::string robustness_text(const std::vector<DatasetEvaluation>& evaluations);

}  // namespace unmask
