// SPDX-License-Identifier: Apache-2.0
#include "apps/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace unmask {

double scheduled_rate(const ScheduleOptions& options, int64_t step, int64_t steps) {
    if (step < options.warmup) return options.learning_rate * double(step + 1) / double(options.warmup);
    const int64_t period = options.period > 0 ? options.period : std::max<int64_t>(1, steps - options.warmup);
    const double phase = std::numbers::pi * double(step - options.warmup) / double(period);
    return options.final_rate + (options.learning_rate - options.final_rate) * (1 + std::cos(phase)) / 2;
}

}  // namespace unmask
