// SPDX-License-Identifier: Apache-2.0
// What a check of manifests found, for people and for programs.
#pragma once

#include <string>

#include "data/check/check.h"

namespace unmask {

// A table of the sides, then every finding with its first items: at most `shown` a finding.
[[nodiscard]] std::string check_text(const CheckReport& report, size_t shown);

// JSON: clean, manifests, rows, files, sides (name, real_rows, fake_rows, real_videos, fake_videos), findings
// (kind, problem, count, items with what, sides, detail), notices. All items are there.
[[nodiscard]] std::string check_answer(const CheckReport& report);

}  // namespace unmask
