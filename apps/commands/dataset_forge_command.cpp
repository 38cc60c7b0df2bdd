// SPDX-License-Identifier: Apache-2.0
// unmask dataset forge: self-blended forgeries of real faces, as files.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/dataset_command.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/number_range.h"
#include "apps/progress.h"
#include "data/self_blend/forge_set.h"

namespace unmask {
namespace {

int run_dataset_forge_command(ForgeSetOptions options, const GlobalOptions& global) {
    options.threads = global.threads;
    ForgeSetReport report;
    {
        std::unique_ptr<Progress> progress;
        report = forge_set(options, [&](int64_t done, int64_t total) {
            if (progress == nullptr) progress = std::make_unique<Progress>("forge", total, "faces");
            progress->update(done);
        });
    }
    if (report.without_landmarks > 0)
        log_notice("{} of the faces have no landmarks: an ellipse in the middle of the crop stands for them",
                   report.without_landmarks);
    fmt::print("{} of {}\nmanifest: {}\n", counted(report.forged, "forgery", "forgeries"),
               counted(report.real, "real face", "real faces"), report.manifest.string());
    return exit_done;
}

}  // namespace

CommandRun set_up_dataset_forge(CLI::App& app, const GlobalOptions& global) {
    auto options = std::make_shared<ForgeSetOptions>();
    app.add_option("--data", options->manifest, "Manifest with real faces; its forgeries are left out")
        ->required()
        ->option_text("faces.csv");
    app.add_option("--out", options->output, "Folder for crops/ and faces.csv")
        ->required()
        ->option_text("DIR");
    app.add_option("--split", options->split, "Rows to forge: train, val, test or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test", "all"}));
    app.add_option("--seed", options->seed, "Seed of the forgeries")
        ->capture_default_str()
        ->check(seed_range());
    app.footer(
        "Every real face is blended into its own picture after one of the two was changed. Half of the real "
        "pictures\n"
        "are changed in the same way, so that colours and sharpness alone tell nothing. unmask evaluate "
        "--forge\n"
        "self-blend with the same seed measures on the same forgeries without writing them.");
    return [options, &global] { return run_dataset_forge_command(*options, global); };
}

}  // namespace unmask
