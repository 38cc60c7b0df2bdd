// SPDX-License-Identifier: Apache-2.0
#include "apps/training/resume.h"

#include "apps/console.h"
#include "apps/settings/settings.h"
#include "cpu/parallel.h"
#include "engine/context.h"
#include "engine/error.h"

namespace unmask {

void take_run_options(const std::filesystem::path& folder, TrainOptions& options, bool keep_threads,
                      bool keep_compute) {
    const RecordedRun run = RunFolder::reopen(folder).recorded();
    take_settings(run, train_settings(options));
    options.data = run.data;
    options.output = folder;
    options.resume = true;
    if (!keep_threads) options.threads = run.threads;
    if (keep_compute) return;
    options.compute = {parse_device(run.device), parse_precision(run.precision),
                       parse_branch_schedule(run.schedule)};
    prepare_compute(options.compute, run.deterministic);
}

std::optional<FoundCheckpoint> newest_checkpoint(const RunFolder& folder) {
    std::string problem;
    for (const std::filesystem::path& path : folder.checkpoints()) {
        try {
            return FoundCheckpoint{path, load_detector(path)};
        } catch (const Error& error) {
            log_warning("{}", error.what());
            if (problem.empty()) problem = error.what();
        }
    }
    if (!problem.empty()) fail("{}: no checkpoint can be read: {}", folder.path().string(), problem);
    return {};
}

int threads_to_go_on_with(int before, int threads, const TrainOptions& options) {
    if (before == threads || options.compute.device.type != DeviceType::cpu) return threads;
    if (options.threads > 0) {
        log_warning(
            "going on with {} threads a run that was begun with {}: the bytes of the models will differ from "
            "an uninterrupted run's",
            threads, before);
        return threads;
    }
    log_notice("computing with {} threads as before", before);
    set_thread_count(before);
    return before;
}

void take_up_tuning(const RunFolder& folder, const RecordedRun& run, const Compute& compute) {
    const std::string device = name_of(compute.device), precision(name_of(compute.precision)),
                      schedule(name_of(compute.schedule)),
                      merged(name_of(BranchSchedule::merged_stems));  // the only one that rounds otherwise
    if (device != run.device || precision != run.precision ||
        (schedule == merged) != (run.schedule == merged))
        log_warning(
            "going on on {} in {} ({}) a run that was begun on {} in {} ({}): the bytes of the models will "
            "differ from an uninterrupted run's",
            device, precision, schedule, run.device, run.precision, run.schedule);
    if (compute.device.type == DeviceType::cpu) return;
    const std::string tuning = folder.tuning();
    const std::string notice =
        tuning.empty() ? "the run kept none" : context_of(compute.device)->set_tuning(tuning);
    if (!notice.empty())
        log_warning(
            "algorithms are chosen anew ({}): the bytes of the models may differ from an uninterrupted run's",
            notice);
}

void keep_tuning(const RunFolder& folder, const Compute& compute) {
    const std::string tuning = context_of(compute.device)->tuning();
    if (!tuning.empty()) folder.keep_tuning(tuning);
}

}  // namespace unmask
