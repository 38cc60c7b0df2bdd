// SPDX-License-Identifier: Apache-2.0
#include "apps/training/resume.h"

#include <fmt/ranges.h>

#include "apps/console.h"
#include "apps/counted.h"
#include "apps/settings/settings.h"
#include "cpu/parallel.h"
#include "engine/context.h"
#include "engine/error.h"

namespace unmask {

RunSession take_run_options(const std::filesystem::path& folder, TrainOptions& options, bool keep_threads,
                            const ComputeGiven& given) {
    const RecordedRun run = RunFolder::reopen(folder).recorded();
    take_settings(run, train_settings(options));
    options.data = run.data;
    options.output = folder;
    options.resume = true;
    const RunSession& session = run.sessions.back();
    if (!keep_threads) options.threads = session.threads;
    Compute& compute = options.compute;
    if (!given.device) compute.device = parse_device(session.device);
    if (!given.precision) compute.precision = parse_precision(session.precision);
    if (!given.schedule) compute.schedule = parse_branch_schedule(session.schedule);
    if (!given.winograd) compute.winograd = parse_winograd(session.winograd);
    if (!given.recompute) compute.recomputed_stages = parse_recomputed_stages(session.recompute);
    set_compute(compute, session.deterministic && !given.nondeterministic);
    return session;
}

std::optional<FoundCheckpoint> newest_checkpoint(const RunFolder& folder) {
    if (folder.recorded().status == starting_status) return {};
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

std::optional<EvaluationScores> take_up_epochs(const RecordedRun& run,
                                               const std::filesystem::path& checkpoint, int64_t epoch,
                                               RunRecord& record) {
    std::optional<EvaluationScores> best;
    for (const EpochRecord& one : run.epochs) {
        if (one.epoch > epoch) break;
        if (one.best) {
            best = one.validation;
            record.best_epoch = one.epoch;
        }
        record.epochs.push_back(one);
    }
    if (int64_t(record.epochs.size()) != epoch)
        fail("{}: cannot be resumed: run.json has {} of the {} epochs before it", checkpoint.string(),
             record.epochs.size(), epoch);
    return best;
}

void take_up_sessions(const RecordedRun& run, int64_t steps, bool complete, RunRecord& record) {
    record.earlier_sessions = run.sessions;
    // What later ones computed is lost.
    std::erase_if(record.earlier_sessions,
                  [steps](const RunSession& session) { return session.from_step >= steps; });
    UNMASK_ASSERT(!record.earlier_sessions.empty());
    const RunSession before = record.earlier_sessions.back();
    if (complete) {
        record.earlier_sessions.pop_back();
        record.session = before;
        return;
    }
    record.session.from_step = steps;
    const SessionDifferences found = differences(before, record.session);
    const auto warn = [](const char* what, const std::vector<std::string>& reasons) {
        if (!reasons.empty())
            log_warning("going on {} ({}): the bytes of the models may differ from an uninterrupted run's",
                        what, fmt::join(reasons, "; "));
    };
    warn("with another build", found.program);
    warn("with other libraries", found.libraries);
    warn("on another device or in another way", found.device);
    warn("with other processes or threads", found.processes);
}

int threads_to_go_on_with(int before, int threads, const TrainOptions& options) {
    if (before == threads || options.threads > 0 || options.compute.device.type != DeviceType::cpu)
        return threads;
    log_notice("computing with {} as before", counted(before, "thread", "threads"));
    set_thread_count(before);
    return before;
}

void take_up_tuning(const RunFolder& folder, const TrainOptions& options) {
    const Device device = options.compute.device;
    if (device.type == DeviceType::cpu) return;
    const std::string tuning = folder.tuning(options.ranks.rank());
    const std::string notice = tuning.empty() ? "the run kept none" : context_of(device)->set_tuning(tuning);
    if (!notice.empty())
        log_warning(
            "rank {}: algorithms are chosen anew ({}): the bytes of the models may differ from an "
            "uninterrupted run's",
            options.ranks.rank(), notice);
}

}  // namespace unmask
