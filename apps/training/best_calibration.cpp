// SPDX-License-Identifier: Apache-2.0
#include "apps/training/best_calibration.h"

#include "apps/evaluation/evaluator.h"
#include "apps/evaluation/score_file.h"

namespace unmask {

std::optional<CalibrationFit> calibration_of_run(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / validation_scores_name;
    if (!std::filesystem::exists(file)) return {};
    const ScoredRows scored = read_scores(file);
    std::vector<int> labels;
    for (const ManifestRow& row : scored.rows) labels.push_back(row.label);
    return fit_calibration(scored.scores, labels, video_numbers(scored.rows),
                           "validation pictures of its training");
}

}  // namespace unmask
