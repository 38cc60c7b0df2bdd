// SPDX-License-Identifier: Apache-2.0
// The report of a training run: one HTML file with the loss terms, the validation by epoch, and the scores of
// the best epoch, made from what the run's folder holds.
#pragma once

#include <filesystem>
#include <string>

namespace unmask {

// From run.json and, where it is there, validation_scores.csv. Error names what is missing or damaged.
[[nodiscard]] std::string run_report(const std::filesystem::path& run);

}  // namespace unmask
