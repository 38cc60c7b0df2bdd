// SPDX-License-Identifier: Apache-2.0
// Scores of pictures as CSV: path, dataset, method, video, frame, label, score; what curves are drawn from.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// Of the best model of a training run, in its folder.
inline constexpr const char* validation_scores_name = "validation_scores.csv";

struct ScoredRows {
    std::vector<ManifestRow> rows;
    std::vector<double> scores;
};

// Atomically; a score has as many digits as it needs to be read back as it was.
void write_scores(const std::filesystem::path& path, std::span<const ManifestRow> rows,
                  std::span<const double> scores);

// Error names the file and the line of what is no such file.
[[nodiscard]] ScoredRows read_scores(const std::filesystem::path& path);

}  // namespace unmask
