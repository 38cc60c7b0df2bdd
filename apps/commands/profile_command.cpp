// SPDX-License-Identifier: Apache-2.0
// unmask profile: where the time of inference and training goes, layer by layer, with the floor beside it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/bench_options.h"
#include "apps/output_files.h"
#include "apps/profile/profile_text.h"

namespace unmask {
namespace {

struct ProfileArguments {
    BenchArguments bench;
    std::string by = "layer";
    int top = 0;
};

ProfileGrouping grouping_of(const std::string& by) {
    if (by == "kernel") return ProfileGrouping::kernel;
    return by == "shape" ? ProfileGrouping::shape : ProfileGrouping::layer;
}

// A GPU is waited for after every kernel, which chains of work beside each other cannot do: the branches'
// same kernels are called one after the other.
BenchOptions profile_options(const BenchArguments& arguments, const GlobalOptions& global) {
    BenchOptions options = bench_options(arguments, global);
    Compute& compute = options.train.compute;
    if (compute.device.type == DeviceType::cuda &&
        (compute.schedule == BranchSchedule::parallel || compute.schedule == BranchSchedule::automatic))
        compute.schedule = BranchSchedule::separate;
    return options;
}

int run_profile_command(const ProfileArguments& arguments, const GlobalOptions& global) {
    const BenchOptions options = profile_options(arguments.bench, global);
    const ProfileGrouping grouping = grouping_of(arguments.by);
    const bool on_cpu = options.train.compute.device.type == DeviceType::cpu;
    const Profile profile = run_profile(options, on_cpu ? std::optional(measure_machine()) : std::nullopt);
    const std::string& json = arguments.bench.json;
    if (!json.empty()) write_answer(json, profile_answer(profile, options, grouping));
    if (json != "-") fmt::print("{}\n", profile_text(profile, options, grouping, arguments.top));
    return exit_done;
}

}  // namespace

CommandRun set_up_profile(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<ProfileArguments>();
    add_bench_options(app, arguments->bench, least_profile_warm_up);
    app.add_option("--by", arguments->by,
                   "A line for each layer, kernel or shape, with its pass; the longest first")
        ->capture_default_str()
        ->check(CLI::IsMember({"layer", "kernel", "shape"}));
    app.add_option("--top", arguments->top, "Lines to print; 0: all")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
    app.footer(
        "A line's floor is what the machine needs at least for its arithmetic or its memory, by the peak and "
        "the copying bandwidth that are measured first.\nA GPU is waited for after every kernel, computes "
        "parallel "
        "branches one after the other, and records nothing, so that its whole step takes longer than bench "
        "says; it has no floors. Of 8-bit "
        "convolutions the floor is that of float32.");
    return [arguments, &global] { return run_profile_command(*arguments, global); };
}

}  // namespace unmask
