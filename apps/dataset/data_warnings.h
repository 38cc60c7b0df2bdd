// SPDX-License-Identifier: Apache-2.0
// What a quick check of a manifest finds doubtful, for commands that go on with it.
#pragma once

#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// A line for each kind of problem that `unmask dataset check --quick` finds (data/check/check.h), with a
// count and an example. Opens no file.
[[nodiscard]] std::vector<std::string> data_warnings(const Manifest& manifest);

// The same for training, and rows that are there twice; training rows of one class alone too, unless the
// other class is made of them (`forging`).
[[nodiscard]] std::vector<std::string> training_warnings(const Manifest& manifest, bool forging);

}  // namespace unmask
