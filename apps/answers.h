// SPDX-License-Identifier: Apache-2.0
// Results as JSON, for programs. What is undefined is null.
#pragma once

#include <cstdint>
#include <string>

#include "data/prepare/prepare.h"

namespace unmask {

[[nodiscard]] std::string prepare_answer(const PrepareReport& report);

struct BenchResult {
    std::string mode, backbone, device, precision, schedule, schedule_taken, winograd, recompute, input;
    bool graph = false, deterministic = true;
    int branches = 0, size = 0, batch = 0, threads = 0, runs = 0, steps = 1;
    double width = 1;
    int64_t parameters = 0;
    double seconds = 0, images_per_second = 0;   // of a step of the median run
    int64_t peak_bytes = 0, reserved_bytes = 0;  // held by tensors at most; taken from the system at the end
    // What backward needs of a training step (see apps/profile/needed_memory.h); 0 where it is not known: in
    // inference, and of recorded steps.
    int64_t needed_bytes = 0;
};
[[nodiscard]] std::string bench_answer(const BenchResult& result);

}  // namespace unmask
