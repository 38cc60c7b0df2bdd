// SPDX-License-Identifier: Apache-2.0
// How fast inference and training are, with random weights and images: what `unmask bench` measures.
#pragma once

#include <vector>

#include "apps/answers.h"
#include "apps/bench_work.h"

namespace unmask {

// Error as BenchWork's.
[[nodiscard]] BenchResult run_bench(const BenchOptions& options);

// The middle value, or the mean of the two in the middle; of at least one.
[[nodiscard]] double median(std::vector<double> values);

}  // namespace unmask
