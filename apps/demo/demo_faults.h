// SPDX-License-Identifier: Apache-2.0
// What makes the demo end with exit code 1: a detector worse than it should be, an input without an answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/detection/scores.h"

namespace unmask {

inline constexpr double least_demo_auc = 0.90;  // by frame, on people that the detector never saw

// A message for each; `auc`: as measured, nothing where it could not be.
[[nodiscard]] std::vector<std::string> demo_faults(std::optional<double> auc,
                                                   const std::vector<FileScore>& results);

}  // namespace unmask
