// SPDX-License-Identifier: Apache-2.0
// The calibration that a training run's best model is saved with.
#pragma once

#include <filesystem>
#include <optional>

#include "apps/evaluation/calibration.h"

namespace unmask {

// Fitted on the best model's validation scores, which the run's folder holds when the model is saved; nothing
// without validation, or where it lacks a class.
[[nodiscard]] std::optional<CalibrationFit> calibration_of_run(const std::filesystem::path& folder);

}  // namespace unmask
