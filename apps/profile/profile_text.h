// SPDX-License-Identifier: Apache-2.0
// A profile as a table for people and as JSON for programs.
#pragma once

#include <string>

#include "apps/profile/profile_lines.h"

namespace unmask {

// The groups, `top` of them at most (0: all, what is left out is summed up in a line), the same by kernel,
// and the sum of all kernels beside the whole step.
[[nodiscard]] std::string profile_text(const Profile& profile, const BenchOptions& options,
                                       ProfileGrouping grouping, int top);
// All groups, with what was measured and the machine's peak.
[[nodiscard]] std::string profile_answer(const Profile& profile, const BenchOptions& options,
                                         ProfileGrouping grouping);

}  // namespace unmask
