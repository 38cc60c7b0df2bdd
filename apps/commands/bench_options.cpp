// SPDX-License-Identifier: Apache-2.0
#include "apps/commands/bench_options.h"

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "apps/number_range.h"
#include "apps/output_files.h"
#include "models/backbone.h"

namespace unmask {
namespace {

void add_model_options(CLI::App& app, DetectorOptions& model) {
    app.add_option("--backbone", model.backbone,
                   fmt::format("Network of every branch: {}", fmt::join(backbone_names(), ", ")))
        ->capture_default_str();
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

}  // namespace

void add_bench_options(CLI::App& app, BenchArguments& arguments, int least_warm_up) {
    BenchOptions& options = arguments.options;
    app.add_option("--mode", options.mode, "infer, or train: forward, objective, backward and Adam")
        ->capture_default_str()
        ->check(CLI::IsMember({"infer", "train"}));
    add_model_options(app, options.train.model);
    app.add_option("--batch", options.batch, "Images at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 65536));
    app.add_option(
           "--input", arguments.input,
           "images: normalised, on the device already; raw: 8-bit pictures, uploaded in every step and "
           "(in training) augmented on the device")
        ->capture_default_str()
        ->check(CLI::IsMember({"images", "raw"}));
    app.add_option("--runs", options.runs, "Timed runs, of which the median counts")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    app.add_option("--warm-up", options.warm_up, "Runs before those that are timed")
        ->capture_default_str()
        ->check(CLI::Range(least_warm_up, 10000));
    app.add_option("--json", arguments.json, "The figures as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
}

BenchOptions bench_options(const BenchArguments& arguments, const GlobalOptions& global) {
    check_answer_target(arguments.json);
    BenchOptions options = arguments.options;
    options.train.compute = global.compute;
    time_algorithms();
    options.input = arguments.input == "raw" ? BenchInput::raw : BenchInput::images;
    options.threads = resolved_threads(global.threads);
    return options;
}

}  // namespace unmask
