// SPDX-License-Identifier: Apache-2.0
// The learning rate of every step: a linear warm-up, then half a cosine down to the final rate.
#pragma once

#include <cstdint>

namespace unmask {

struct ScheduleOptions {
    double learning_rate = 1e-3;  // the highest
    double final_rate = 0;        // the lowest
    int64_t warmup = 0;           // steps that climb to the highest
    int64_t period = 0;           // steps of half a cosine; 0: all steps after the warm-up
};

// The rate of step 0 … steps - 1: highest · (step + 1) / warmup during the warm-up, then
//     final + (highest - final) · (1 + cos(π t / period)) / 2,   t = step - warmup,
// which goes on past the period as a cosine does (back up, and down again).
[[nodiscard]] double scheduled_rate(const ScheduleOptions& options, int64_t step, int64_t steps);

}  // namespace unmask
