// SPDX-License-Identifier: Apache-2.0
// What a quick check of a manifest finds doubtful, for commands that go on with it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// A line for each kind of problem that `unmask dataset check --quick` finds (data/check/check.h), with a
// count and an example. Opens no file.
[[nodiscard]] std::vector<std::string> data_warnings(const Manifest& manifest);

// The same for training, and rows that are there twice.
[[nodiscard]] std::vector<std::string> training_warnings(const Manifest& manifest);

// Error when the rows, which `file` holds, are all real or all fake, from which nothing can be learned;
// `purpose` begins what was expected, "training" or "calibration in split val". Nothing for no rows.
void check_both_classes(const Manifest& rows, const std::filesystem::path& file, const std::string& purpose);

}  // namespace unmask
