// SPDX-License-Identifier: Apache-2.0
// unmask bench: how fast inference and training are, with random weights and images.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/bench.h"
#include "apps/command_line.h"
#include "apps/commands/bench_options.h"
#include "apps/counted.h"
#include "apps/output_files.h"
#include "apps/progress.h"
#include "apps/tuning_file.h"

namespace unmask {
namespace {

struct BenchCommandArguments {
    BenchArguments bench;
    bool no_graph = false;
    std::string tuning;
};

// What backward needs and how much more it was; nothing where that is not known.
std::string needed_text(const BenchResult& result) {
    if (result.needed_bytes == 0) return {};
    return fmt::format(" ({:.2f} x the {} that backward needs)",
                       double(result.peak_bytes) / double(result.needed_bytes),
                       bytes_text(result.needed_bytes));
}

int run_bench_command(const BenchCommandArguments& arguments, const GlobalOptions& global) {
    BenchOptions options = bench_options(arguments.bench, global);
    options.graph = !arguments.no_graph;
    const TuningFile tuning(arguments.tuning, options.train.compute.device);
    const BenchResult result = run_bench(options);
    tuning.keep();
    const std::string& json = arguments.bench.json;
    if (!json.empty()) write_answer(json, bench_answer(result));
    if (json != "-")
        fmt::print(
            "{} {} x{} width {} size {} batch {}: {:.4f} s, {:.2f} images/s, peak memory {}{} "
            "({} parameters, {}, median of {})\n",
            result.mode, result.backbone, result.branches, result.width, result.size, result.batch,
            result.seconds, result.images_per_second, bytes_text(result.peak_bytes), needed_text(result),
            result.parameters, counted(result.threads, "thread", "threads"), result.runs);
    return exit_done;
}

}  // namespace

CommandRun set_up_bench(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<BenchCommandArguments>();
    add_bench_options(app, arguments->bench);
    app.add_flag("--no-graph", arguments->no_graph,
                 "Call every kernel of every step instead of a recorded step as a whole");
    app.add_option("--steps", arguments->bench.options.steps,
                   "Steps of a run, enqueued before the device is waited for")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    app.add_option("--tuning", arguments->tuning,
                   "Algorithms and schedules chosen by timing on a GPU: taken from the file, if it is there, "
                   "instead of timing; written to it at the end")
        ->option_text("FILE");
    return [arguments, &global] { return run_bench_command(*arguments, global); };
}

}  // namespace unmask
