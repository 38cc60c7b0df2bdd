// SPDX-License-Identifier: Apache-2.0
// The verdict of a file at a glance, and in plain sentences.
#pragma once

#include <string>

#include "apps/detection/scores.h"
#include "models/calibration.h"

namespace unmask {

// "Fake", "Real", "Undecided", "No face", "Not read".
[[nodiscard]] const char* verdict_title(Verdict verdict);

// HTML: the verdict, a sentence on what it rests on, and the score on its scale with the undecided band.
[[nodiscard]] std::string verdict_card(const FileScore& file, const VerdictThresholds& thresholds);

// What the score does and what it does not mean.
[[nodiscard]] std::string meaning_of_score(const FileScore& file,
                                           const std::optional<Calibration>& calibration);
[[nodiscard]] std::string limits_of_score();

}  // namespace unmask
