// SPDX-License-Identifier: Apache-2.0
#include "apps/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace unmask {
namespace {

double cosine_rate(const ScheduleOptions& options, int64_t step, int64_t steps) {
    const int64_t period = options.period > 0 ? options.period : std::max<int64_t>(1, steps);
    const int64_t place = options.restarts ? step % period : step;
    const double phase = std::numbers::pi * double(place) / double(period);
    return options.final_rate + (options.learning_rate - options.final_rate) * (1 + std::cos(phase)) / 2;
}

}  // namespace

double scheduled_rate(const ScheduleOptions& options, int64_t step, const ScheduleLength& length) {
    if (step < options.warmup) return options.learning_rate * double(step + 1) / double(options.warmup);
    switch (options.kind) {
        case ScheduleKind::cosine:
            return cosine_rate(options, step - options.warmup, length.epochs * length.steps - options.warmup);
        case ScheduleKind::step: {
            const int64_t stair = step / length.steps / options.step_epochs;
            return options.learning_rate * std::pow(options.step_factor, double(stair));
        }
        case ScheduleKind::constant:
            break;
    }
    return options.learning_rate;
}

}  // namespace unmask
