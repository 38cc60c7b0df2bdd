// SPDX-License-Identifier: Apache-2.0
#include "apps/bench.h"

#include <chrono>
#include <vector>

#include "apps/order_statistics.h"
#include "apps/profile/needed_memory.h"
#include "apps/progress.h"
#include "engine/compute_mode.h"

namespace unmask {
namespace {

// Seconds of a step in each run after the warm-up; the work has been recorded.
std::vector<double> time_steps(const BenchOptions& options, BenchWork& work) {
    const int runs = options.warm_up + options.runs;
    Progress progress(fmt::format("bench {}", options.mode), runs, "runs");
    std::vector<double> seconds;
    for (int i = 0; i < runs; ++i) {
        if (i == options.warm_up) context_of(options.train.compute.device)->reset_peak();
        const auto begin = std::chrono::steady_clock::now();
        for (int k = 0; k < options.steps; ++k) work.step();
        work.synchronize();
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
        if (i >= options.warm_up) seconds.push_back(elapsed.count() / options.steps);
        progress.update(i + 1);
    }
    return seconds;
}

}  // namespace

BenchResult run_bench(const BenchOptions& options) {
    const Compute& compute = options.train.compute;
    const DetectorOptions& model = options.train.model;
    BenchWork work(options);
    const bool recorded = BenchWork::is_recorded(options);
    work.record();
    const int64_t needed = options.mode == "train" && !recorded ? needed_by_backward(work) : 0;
    const double seconds = median(time_steps(options, work));
    const int recomputed = options.mode == "train" ? compute.recomputed_stages : no_stage;
    const MemoryStatistics memory = context_of(compute.device)->memory();
    return {.mode = options.mode,
            .backbone = model.backbone,
            .device = name_of(compute.device),
            .precision = std::string(name_of(compute.precision)),
            .schedule = std::string(name_of(compute.schedule)),
            .schedule_taken = std::string(name_of(work.schedule())),
            .winograd = std::string(name_of(compute.winograd)),
            .recompute = recomputed_stages_text(recomputed),
            .input = options.input == BenchInput::raw ? "raw" : "images",
            .graph = recorded,
            .deterministic = compute_mode().deterministic,
            .branches = model.branches,
            .size = model.size,
            .batch = options.batch,
            .threads = options.threads,
            .runs = options.runs,
            .steps = options.steps,
            .width = model.width,
            .parameters = work.parameter_count(),
            .seconds = seconds,
            .images_per_second = options.batch / seconds,
            .peak_bytes = int64_t(memory.peak_bytes),
            .reserved_bytes = int64_t(memory.reserved_bytes),
            .needed_bytes = needed};
}

}  // namespace unmask
