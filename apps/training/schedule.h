// SPDX-License-Identifier: Apache-2.0
// The learning rate of every step: a linear warm-up, then a cosine, stairs, or no change.
#pragma once

#include <cstdint>

namespace unmask {

enum class ScheduleKind : uint8_t { cosine, step, constant };

struct ScheduleOptions {
    ScheduleKind kind = ScheduleKind::cosine;
    double learning_rate = 1e-3;  // the highest
    double final_rate = 0;        // the lowest of the cosine
    int64_t warmup = 0;           // steps that climb to the highest
    int64_t period = 0;           // cosine: steps of half of it; 0: all steps after the warm-up
    bool restarts = false;        // cosine: begins each period at the highest rate again
    int64_t step_epochs = 10;     // stairs: epochs on each
    double step_factor = 0.1;     // stairs: the rate of each over that of the one before
};

// How long training is.
struct ScheduleLength {
    int64_t epochs = 1;
    int64_t steps = 1;  // in an epoch
};

// The rate of step 0 … epochs · steps - 1. In the warm-up it is highest · (step + 1) / warmup. Then
//     cosine:    final + (highest - final) · (1 + cos(π t / period)) / 2,   t = step - warmup,
// which goes on past the period as a cosine does, back up and down again (PyTorch's CosineAnnealingLR stepped
// every iteration), or with restarts takes t modulo the period (Loshchilov & Hutter, "SGDR", ICLR 2017);
//     step:      highest · factor^⌊epoch / step_epochs⌋, epochs counted from 0 at the first step;
//     constant:  highest.
[[nodiscard]] double scheduled_rate(const ScheduleOptions& options, int64_t step,
                                    const ScheduleLength& length);

}  // namespace unmask
