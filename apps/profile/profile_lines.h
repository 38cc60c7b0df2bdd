// SPDX-License-Identifier: Apache-2.0
// The calls of a profile, grouped and summed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/profile/profile.h"

namespace unmask {

// layer: by layer, kernel and pass; kernel: by kernel and pass; shape: by kernel, pass and shape.
enum class ProfileGrouping : uint8_t { layer, kernel, shape };

struct ProfileLine {
    std::string layer, kernel, pass, shape;  // what the group has in common; else empty
    int calls = 0;                           // of a step, as all that follows
    double seconds = 0;                      // the median of the runs
    double share = 0;                        // of the whole step's
    KernelWork work;
    double floor_seconds = 0;  // the sum of the calls' floors; 0 where the machine's peak is not known
};

// The groups, the longest first. The profile must hold a run.
[[nodiscard]] std::vector<ProfileLine> profile_lines(const Profile& profile, ProfileGrouping grouping);

struct ProfileSums {
    double step_seconds = 0;    // the whole step, the median of the runs
    double kernel_seconds = 0;  // of that within kernels, never more
    double floor_seconds = 0;   // of all calls
    KernelWork work;
};
[[nodiscard]] ProfileSums profile_sums(const Profile& profile);

}  // namespace unmask
