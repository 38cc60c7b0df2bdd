// SPDX-License-Identifier: Apache-2.0
// What is most likely wrong with the data of a training run, although it can be read.
#pragma once

#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// One sentence each, with counts and an example: training rows of one class alone, rows that are there twice,
// a picture in several splits or with both labels, a video in several splits. `forging`: the other class is
// made of the real rows, so that one class is no fault.
[[nodiscard]] std::vector<std::string> manifest_warnings(const Manifest& manifest, bool forging = false);

}  // namespace unmask
