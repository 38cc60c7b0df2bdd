// SPDX-License-Identifier: Apache-2.0
// Gradients against central differences in float64: with L = Σ projection · y, element e of an input against
// (L(e + h) - L(e - h)) / 2h, and all elements of an input at once along one random direction.
#pragma once

#include <string>

#include "tests/support/op_case.h"

namespace unmask {

struct GradcheckOptions {
    double step = 1e-5;
    double tolerance = 1e-6;  // of max(1, |found|, |expected|)
    int64_t most_elements =
        24;  // of an input, evenly spread, fewer of large ones; the direction covers the others
};

struct GradcheckResult {
    int64_t checks = 0;
    double worst = 0.0;   // largest |found - expected| / max(1, |found|, |expected|)
    std::string failure;  // the first check beyond the tolerance; empty when there is none
};

// Checks every differentiable input of a case, on whatever path the CPU's kernels take in float64.
[[nodiscard]] GradcheckResult gradcheck(const OpCase& op_case, const GradcheckOptions& options = {});

}  // namespace unmask
