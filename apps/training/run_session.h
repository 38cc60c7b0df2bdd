// SPDX-License-Identifier: Apache-2.0
// With what a run is computed, from the step where it was begun or taken up to the one where it was left.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/compute.h"

namespace unmask {

struct RunSession {
    int64_t from_step = 0;                         // steps that had been taken before it
    std::string version;                           // of this program
    std::map<std::string, std::string> build;      // see build_information
    std::map<std::string, std::string> libraries;  // see library_versions
    int threads = 0;                               // of each process
    int processes = 1;                             // that train together
    std::string device, precision = "f32", schedule = "separate", winograd = "off", recompute = "none";
    bool deterministic = true;
    bool operator==(const RunSession&) const = default;
};

// This program, computing so.
[[nodiscard]] RunSession current_session(int threads, int processes, const Compute& compute,
                                         bool deterministic);

// What may make the bytes differ, each as "NAME was A, is B": the program and how it was compiled; the
// libraries that it uses; the device, the precision and what is computed how there; the numbers of processes
// and, on the CPU, of threads.
struct SessionDifferences {
    std::vector<std::string> program, libraries, device, processes;
};
[[nodiscard]] SessionDifferences differences(const RunSession& then, const RunSession& now);

}  // namespace unmask
