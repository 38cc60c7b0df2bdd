// SPDX-License-Identifier: Apache-2.0
// Results as JSON, for programs. What is undefined is null.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/detection/detection.h"
#include "data/prepare/prepare.h"

namespace unmask {

// An array with, for each file: file, kind, score, verdict, frames (index, time, score, faces with box and
// score), error.
[[nodiscard]] std::string detection_answer(const std::vector<FileScore>& files, double threshold,
                                           double band);

[[nodiscard]] std::string prepare_answer(const PrepareReport& report);

struct BenchResult {
    std::string mode, backbone, device, precision, schedule, input;
    bool graph = false, deterministic = true;
    int branches = 0, size = 0, batch = 0, threads = 0, runs = 0, steps = 1;
    double width = 1;
    int64_t parameters = 0;
    double seconds = 0, images_per_second = 0;   // of a step of the median run
    int64_t peak_bytes = 0, reserved_bytes = 0;  // held by tensors at most; taken from the system at the end
};
[[nodiscard]] std::string bench_answer(const BenchResult& result);

}  // namespace unmask
