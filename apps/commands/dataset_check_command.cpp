// SPDX-License-Identifier: Apache-2.0
// unmask dataset check: can results on this data be believed?
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/dataset_command.h"
#include "apps/console.h"
#include "apps/dataset/check_answer.h"
#include "apps/output_files.h"
#include "apps/progress.h"
#include "data/check/check.h"

namespace unmask {
namespace {

constexpr size_t shown_items = 10;

struct DatasetCheckArguments {
    std::vector<std::string> manifests;
    CheckOptions options;
    std::string json;
};

int run_dataset_check_command(const DatasetCheckArguments& arguments) {
    check_answer_target(arguments.json, {arguments.manifests.begin(), arguments.manifests.end()});
    std::vector<Manifest> manifests;
    for (const std::string& file : arguments.manifests) manifests.push_back(read_manifest(file));
    CheckReport report;
    {
        std::unique_ptr<Progress> progress;
        report = check_manifests(manifests, arguments.options, [&](int64_t done, int64_t total) {
            if (progress == nullptr) progress = std::make_unique<Progress>("check", total, "files");
            progress->update(done);
        });
    }
    for (const std::string& notice : report.notices) log_notice("{}", notice);
    if (!arguments.json.empty()) write_answer(arguments.json, check_answer(report));
    if (arguments.json != "-") fmt::print("{}", check_text(report, shown_items));
    return report.has_problem() ? exit_some_failed : exit_done;
}

}  // namespace

CommandRun set_up_dataset_check(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<DatasetCheckArguments>();
    app.add_option("manifests", arguments->manifests, "Manifests of faces, looked at together")
        ->required()
        ->option_text("faces.csv ...");
    app.add_flag("--quick", arguments->options.quick,
                 "Open no file: only whether they are there, and the rows");
    app.add_option("--json", arguments->json, "The report as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer(
        "With several manifests, rows without a split count as train in the first and as test in the "
        "others.\n"
        "Exit codes: 0 no problem; 1 a problem: a missing or broken file, a picture with two labels, or a "
        "leak\n"
        "(the same file, copy, video or identity on both sides of a split, validation that is the test);\n"
        "2 wrong usage, or a manifest that cannot be read. Warnings (repeated rows and copies within a "
        "side,\n"
        "one class, imbalance) do not change the exit code.");
    return [arguments] { return run_dataset_check_command(*arguments); };
}

}  // namespace unmask
