// SPDX-License-Identifier: Apache-2.0
// unmask bench: how fast inference and training are, with random weights and images.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/bench.h"
#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/number_range.h"
#include "apps/progress.h"

namespace unmask {
namespace {

struct Arguments {
    BenchOptions bench;
    std::string input = "images", json;
    bool no_graph = false;
};

int run(const Arguments& arguments, const GlobalOptions& global) {
    check_answer_target(arguments.json);
    BenchOptions options = arguments.bench;
    options.train.compute = global.compute;
    time_algorithms();
    options.input = arguments.input == "raw" ? BenchInput::raw : BenchInput::images;
    options.graph = !arguments.no_graph;
    options.threads = resolved_threads(global.threads);
    const BenchResult result = run_bench(options);
    if (!arguments.json.empty()) write_answer(arguments.json, bench_answer(result));
    if (arguments.json != "-")
        fmt::print(
            "{} {} x{} width {} size {} batch {}: {:.4f} s, {:.2f} images/s, peak memory {} ({} parameters, "
            "{} threads, median of {})\n",
            result.mode, result.backbone, result.branches, result.width, result.size, result.batch,
            result.seconds, result.images_per_second, bytes_text(result.peak_bytes), result.parameters,
            result.threads, result.runs);
    return exit_done;
}

void add_model_options(CLI::App& app, DetectorOptions& model) {
    app.add_option("--backbone", model.backbone, "Network of every branch")->capture_default_str();
    app.add_option("--branches", model.branches, "Local branches")
        ->capture_default_str()
        ->check(CLI::Range(1, 8));
    app.add_option("--width", model.width, "Multiplies every channel count")
        ->capture_default_str()
        ->check(number_range(0.01, 16));
    app.add_option("--size", model.size, "Side of the square input in pixels")
        ->capture_default_str()
        ->check(CLI::Range(32, 4096));
}

void add_device_options(CLI::App& app, Arguments& arguments) {
    app.add_flag("--no-graph", arguments.no_graph,
                 "On a GPU: enqueue every kernel of every step instead of a recorded step as a whole");
    app.add_option(
           "--input", arguments.input,
           "images: normalised, on the device already; raw: 8-bit pictures, uploaded in every step and "
           "(in training) augmented on the device")
        ->capture_default_str()
        ->check(CLI::IsMember({"images", "raw"}));
}

}  // namespace

CommandRun set_up_bench(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<Arguments>();
    BenchOptions& bench = arguments->bench;
    app.add_option("--mode", bench.mode, "infer, or train: forward, objective, backward and Adam")
        ->capture_default_str()
        ->check(CLI::IsMember({"infer", "train"}));
    add_model_options(app, bench.train.model);
    app.add_option("--batch", bench.batch, "Images at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 65536));
    add_device_options(app, *arguments);
    app.add_option("--runs", bench.runs, "Timed runs, of which the median counts")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    app.add_option("--steps", bench.steps, "Steps of a run, enqueued before the device is waited for")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    app.add_option("--warm-up", bench.warm_up, "Runs before those that are timed")
        ->capture_default_str()
        ->check(CLI::Range(0, 10000));
    app.add_option("--json", arguments->json, "The figures as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    return [arguments, &global] { return run(*arguments, global); };
}

}  // namespace unmask
