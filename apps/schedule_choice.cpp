// SPDX-License-Identifier: Apache-2.0
#include "apps/schedule_choice.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "apps/console.h"
#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Runs before the work is recorded, as elsewhere: the first choose and time the libraries' algorithms.
constexpr int runs_before = 2;
constexpr int timed_rounds = 3;
// Of a round: short work is repeated, so that the clock and the start of a run do not count.
constexpr double least_seconds = 0.02;
constexpr int most_runs = 64;

// Of the shortest time so far: what a schedule must stay below to replace a plainer one, as timing wavers.
constexpr double real_gain = 0.98;

// The plainest first. Merged stems round otherwise in training: what deterministic training computes must not
// depend on timing.
std::vector<BranchSchedule> candidates(const Compute& compute, const ScheduledWork& work) {
    if (compute.recomputed_stages != no_stage && work.training)
        return {BranchSchedule::separate, BranchSchedule::parallel};
    if (work.training && compute_mode().deterministic)
        return {BranchSchedule::separate, BranchSchedule::lockstep, BranchSchedule::parallel};
    return {BranchSchedule::separate, BranchSchedule::merged_stems, BranchSchedule::lockstep,
            BranchSchedule::parallel};
}

std::string problem_of(const DetectorOptions& model, const Compute& compute, const ScheduledWork& work) {
    const ComputeMode mode = compute_mode();
    std::string text =
        fmt::format("branches of {} x {}, width {}, {} images of {} x {} x {}, {}{}", model.branches,
                    model.backbone, model.width, work.batch, model.size, model.size, work.channels,
                    name_of(compute.precision), work.training ? ", training of " : ", inference");
    if (work.training) text += fmt::format("{} parameters", work.trained);
    if (work.training && compute.recomputed_stages != no_stage)
        text += fmt::format(", {} stages recomputed", recomputed_stages_text(compute.recomputed_stages));
    if (!work.recorded) text += ", not recorded";
    if (!mode.deterministic) text += ", nondeterministic";
    return text;
}

// Of one run, by the shortest of several rounds of them.
double seconds_of(Context& context, const ScheduledWork& work) {
    context.synchronize();
    context.release_cached();  // what another schedule left
    for (int i = 0; i < runs_before; ++i) work.run();
    std::unique_ptr<CapturedWork> captured;
    if (work.recorded) {
        context.synchronize();
        context.release_cached();  // the recorded work has memory of its own
        captured = context.capture(work.run);
    }
    const auto seconds = [&](int runs) {
        const double begin = context.seconds();
        for (int i = 0; i < runs; ++i) captured ? captured->run() : work.run();
        return (context.seconds() - begin) / runs;
    };
    seconds(1);
    const int runs = int(std::clamp(least_seconds / std::max(seconds(1), 1e-6), 1.0, double(most_runs)));
    double shortest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < timed_rounds; ++i) shortest = std::min(shortest, seconds(runs));
    return shortest;
}

BranchSchedule fastest(Detector& detector, Context& context, const std::vector<BranchSchedule>& schedules,
                       const ScheduledWork& work) {
    std::optional<BranchSchedule> best;
    double shortest = 0;
    std::vector<std::string> found;
    for (const BranchSchedule schedule : schedules) {
        const ScheduleScope scope(detector, schedule);
        try {
            const double seconds = seconds_of(context, work);
            found.push_back(fmt::format("{} {:.3f} ms", name_of(schedule), 1e3 * seconds));
            if (best && seconds >= real_gain * shortest) continue;
            best = schedule;
            shortest = seconds;
        } catch (const OutOfMemory& error) {
            if (!best && schedule == schedules.back()) throw;
            log_warning("--branch-schedule {} is not taken: {}", name_of(schedule), error.what());
        }
    }
    log_notice("branches: {} ({})", name_of(*best), fmt::join(found, ", "));
    return *best;
}

}  // namespace

BranchSchedule choose_schedule(Detector& detector, const Compute& compute, const ScheduledWork& work) {
    if (compute.schedule != BranchSchedule::automatic || compute.device.type != DeviceType::cuda ||
        !compute_mode().time_algorithms || detector.options().branches == 1)
        return compute.schedule;
    Context& context = *context_of(compute.device);
    const std::string problem = problem_of(detector.options(), compute, work);
    const std::vector<BranchSchedule> schedules = candidates(compute, work);
    const std::string kept = context.chosen(problem);
    for (const BranchSchedule schedule : schedules)
        if (name_of(schedule) == kept) return schedule;
    BranchSchedule schedule = compute.schedule;
    try {
        schedule = fastest(detector, context, schedules, work);
    } catch (...) {
        try {
            work.undo();
        } catch (...) {  // the device fails altogether; why, the error before says
        }
        throw;
    }
    work.undo();
    // So that figures of memory are those of the schedule taken.
    context.synchronize();
    context.release_cached();
    context.reset_peak();
    context.keep_choice(problem, std::string(name_of(schedule)));
    return schedule;
}

}  // namespace unmask
