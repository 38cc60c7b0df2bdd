// SPDX-License-Identifier: Apache-2.0
// Self-blended forgeries as files: a set to keep, to look at, or to measure other detectors on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace unmask {

struct ForgeSetOptions {
    std::filesystem::path manifest;  // of real faces; rows of forgeries are left out
    std::filesystem::path output;    // gets crops/ and faces.csv
    std::string split = "all";       // the rows that are forged
    uint64_t seed = 0;
    int64_t epoch = 0;  // which of the seed's draws; 0 is that of evaluation
    int threads = 0;    // 0: one per core (threads_or_cores)
};

struct ForgeSetReport {
    std::filesystem::path manifest;
    int64_t real = 0, forged = 0, without_landmarks = 0;
};

// Writes the forgery of every real row as crops/<dataset>/SelfBlend/<video>/<frame>.png, the real picture of
// the pair under crops/<dataset>/original/… where it differs from the row's own, and OUT/faces.csv last: rows
// with the video, frame, dataset and split of their source, method SelfBlend for the forgeries. The same
// bytes for any number of threads. Error: a manifest that cannot be read, no real row in the split, a picture
// that cannot be read or written, an output that has a faces.csv already.
ForgeSetReport forge_set(const ForgeSetOptions& options,
                         const std::function<void(int64_t done, int64_t total)>& progress = {});

}  // namespace unmask
