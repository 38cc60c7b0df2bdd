// SPDX-License-Identifier: Apache-2.0
// What the benchmark programs have in common: they compute as `unmask` does where nothing else is said, and
// their results say what they depend on.
#pragma once

#include <functional>

#include "apps/profile/machine.h"

namespace unmask {

// Parses Google Benchmark's arguments, sets the threads and the compute mode, enters machine, build,
// libraries and mode as context into the results, calls `register_rows` and runs what it registered. The exit
// code: 0, or 2 with a message on standard error.
// UNMASK_THREADS=N uses N threads; UNMASK_WINOGRAD=off|inference|all stands for `unmask --winograd`;
// UNMASK_PORTABLE=1 leaves oneDNN out.
[[nodiscard]] int run_benchmark_program(int argc, char** argv, const std::function<void()>& register_rows);

// Of this machine with the threads that were set, measured once, when it is first asked for; then it is a
// part of the context too. Call it while registering rows.
[[nodiscard]] const MachinePeak& machine_peak();

}  // namespace unmask
