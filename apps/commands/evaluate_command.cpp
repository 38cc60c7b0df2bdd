// SPDX-License-Identifier: Apache-2.0
// unmask evaluate: how good a trained detector is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/evaluation/aggregation_table.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/evaluation/robustness.h"
#include "apps/number_range.h"
#include "apps/output_files.h"
#include "apps/report/evaluation_report.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct EvaluateArguments {
    EvaluateOptions options;
    std::string forge = "none", json, markdown, csv, report;
    bool robustness = false, aggregations = false;

    EvaluateArguments() { options.bootstrap = {}; }
};

int run_evaluate_command(const EvaluateArguments& arguments, const GlobalOptions& global) {
    const std::array targets{&arguments.json, &arguments.markdown, &arguments.csv, &arguments.report};
    const auto to_stdout = std::ranges::count_if(targets, [](const std::string* t) { return *t == "-"; });
    if (to_stdout > 1) fail("only one of --json, --markdown, --csv and --report can go to stdout");
    if (arguments.aggregations && to_stdout > 0 && arguments.json.empty())
        fail("--aggregations: its figures are in the text for people and in --json, expected one of them");
    std::vector<std::filesystem::path> inputs(arguments.options.data.begin(), arguments.options.data.end());
    inputs.push_back(arguments.options.model);
    for (const std::string* target : targets) check_answer_target(*target, inputs);
    EvaluateOptions options = arguments.options;
    options.forge = parse_forge(arguments.forge);
    options.threads = resolved_threads(global.threads);
    options.compute = global.compute;
    const std::vector<DatasetEvaluation> evaluations =
        arguments.robustness ? evaluate_robustness(options) : evaluate_model(options);
    if (!arguments.json.empty())
        write_answer(arguments.json, evaluation_answer(evaluations, arguments.aggregations));
    if (!arguments.markdown.empty()) write_answer(arguments.markdown, evaluation_markdown(evaluations));
    if (!arguments.csv.empty()) write_answer(arguments.csv, evaluation_csv(evaluations));
    if (!arguments.report.empty())
        write_answer(arguments.report,
                     arguments.robustness ? robustness_report(evaluations) : evaluation_report(evaluations));
    if (arguments.robustness && arguments.report.empty()) log_notice("--report FILE.html draws the curves");
    if (to_stdout == 0)
        fmt::print("{}", arguments.robustness ? robustness_text(evaluations) : evaluation_text(evaluations));
    if (to_stdout == 0 && arguments.aggregations) fmt::print("{}", aggregation_text(evaluations));
    return exit_done;
}

}  // namespace

CommandRun set_up_evaluate(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<EvaluateArguments>();
    EvaluateOptions& options = arguments->options;
    app.add_option("--model", options.model, "Model file that unmask train wrote")
        ->required()
        ->option_text("M");
    app.add_option("--data", options.data, "Manifest of faces; several are measured one by one")
        ->required()
        ->option_text("faces.csv…");
    app.add_option("--split", options.split, "Rows to measure: train, val, test or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test", "all"}));
    app.add_option(
           "--forge", arguments->forge,
           "none, or self-blend: real faces against forgeries made of them, without the data's fake rows")
        ->capture_default_str()
        ->check(CLI::IsMember({"none", "self-blend"}));
    app.add_option("--threshold", options.threshold,
                   "Probability from which a picture or video counts as fake")
        ->capture_default_str()
        ->check(number_range(0, 1));
    app.add_option("--bootstrap", options.bootstrap.resamples,
                   "Resamples of the videos for the 95% intervals; 0: none")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
    app.add_option("--seed", options.bootstrap.seed, "Of the resamples and the forgeries")
        ->capture_default_str()
        ->check(seed_range());
    app.add_option("--batch", options.batch, "Pictures that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app.add_flag(
        "--robustness", arguments->robustness,
        "Measure also under JPEG, blur, noise, resizing, brightness and contrast, at five strengths each");
    app.add_flag("--aggregations", arguments->aggregations,
                 "Measure also every way in which detect can make a video's score of its faces'")
        ->excludes("--robustness");
    app.add_option("--json", arguments->json, "The figures as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.add_option("--markdown", arguments->markdown, "The figures as a Markdown table")
        ->option_text("-|FILE");
    app.add_option("--csv", arguments->csv, "The figures as CSV, the protocol in every line")
        ->option_text("-|FILE");
    app.add_option("--report", arguments->report,
                   "A page with ROC, histograms and confusion matrices, or the curves of --robustness")
        ->option_text("-|FILE.html");
    app.footer(
        "A video's score is the mean of its frames' probabilities of fake; a video is told apart by "
        "dataset,\n"
        "method, label and id. Fake is the positive class. A figure that the rows leave undefined "
        "reads\n"
        "n/a, in JSON null: AUC, EER and AP need both classes. With several methods each one's fakes are\n"
        "also measured against all real rows of its dataset. Intervals: whole videos are drawn again and\n"
        "again, as many real and as many fake ones.");
    return [arguments, &global] { return run_evaluate_command(*arguments, global); };
}

}  // namespace unmask
