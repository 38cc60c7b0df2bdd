// SPDX-License-Identifier: Apache-2.0
// How fast inference and training are, with random weights and images: what `unmask bench` measures.
#pragma once

#include "apps/answers.h"
#include "apps/bench_work.h"

namespace unmask {

// Error as BenchWork's.
[[nodiscard]] BenchResult run_bench(const BenchOptions& options);

}  // namespace unmask
