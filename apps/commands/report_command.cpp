// SPDX-License-Identifier: Apache-2.0
// unmask report: the page about a training run, made again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/output_files.h"
#include "apps/report/run_report.h"

namespace unmask {
namespace {

struct ReportArguments {
    std::filesystem::path run;
    std::string output;
};

int run_report_command(const ReportArguments& arguments) {
    const std::string target =
        arguments.output.empty() ? (arguments.run / "report.html").string() : arguments.output;
    const std::string page = run_report(arguments.run);
    check_answer_target(target);
    write_answer(target, page);
    if (target != "-") fmt::print("{}\n", target);
    return exit_done;
}

}  // namespace

CommandRun set_up_report(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<ReportArguments>();
    app.add_option("run", arguments->run, "Folder of a training run")->required()->option_text("RUN");
    app.add_option("--out", arguments->output, "The page; - for stdout (RUN/report.html)")
        ->option_text("-|FILE");
    app.footer(
        "One HTML file without scripts that needs no network: loss terms, validation figures, ROC, score "
        "histograms\nand confusion matrices. unmask train writes it at its end.");
    return [arguments] { return run_report_command(*arguments); };
}

}  // namespace unmask
