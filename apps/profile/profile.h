// SPDX-License-Identifier: Apache-2.0
// Where the time of a step of inference or training goes, kernel call by kernel call: what `unmask profile`
// measures.
#pragma once

#include <optional>
#include <vector>

#include "apps/bench_work.h"
#include "apps/profile/call_profiler.h"
#include "apps/profile/machine.h"

namespace unmask {

struct ProfiledCall {
    CallDescription call;
    std::vector<double> seconds;  // of each run
};

struct Profile {
    std::vector<ProfiledCall> calls;     // of a step, in order
    std::vector<double> step_seconds;    // of each run: the whole step, what is between the calls too
    std::optional<MachinePeak> machine;  // what floors are reckoned with
    int64_t peak_bytes = 0;              // held by tensors at most
    int64_t needed_bytes = 0;            // of training (see needed_memory.h); 0 in inference
};

// The first step makes what later ones keep (weights in the kernels' form): it is not one to list.
inline constexpr int least_profile_warm_up = 1;

// Runs options.warm_up, at least least_profile_warm_up, and then options.runs steps (options.steps is not
// looked at). Every kernel is called by itself, and a GPU waited for after each, whatever options.graph says;
// only inference on the CPU is recorded, where that changes no call. Error as BenchWork's, and where steps
// make different calls. `machine`: the peak that floors are reckoned with, if any.
[[nodiscard]] Profile run_profile(BenchOptions options, const std::optional<MachinePeak>& machine);

}  // namespace unmask
