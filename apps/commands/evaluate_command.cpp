// SPDX-License-Identifier: Apache-2.0
// unmask evaluate: how good a trained detector is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/answers.h"
#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/evaluation/evaluator.h"
#include "apps/number_range.h"

namespace unmask {
namespace {

struct Arguments {
    EvaluateOptions options;
    std::string forge = "none", json;
};

int run(const Arguments& arguments, const GlobalOptions& global) {
    check_answer_target(arguments.json);
    EvaluateOptions options = arguments.options;
    options.forge = parse_forge(arguments.forge);
    options.threads = resolved_threads(global.threads);
    options.compute = global.compute;
    const Evaluation evaluation = evaluate_model(options);
    if (!arguments.json.empty())
        write_answer(arguments.json, evaluation_answer(evaluation, options.model.string(),
                                                       options.data.string(), options.split));
    if (arguments.json != "-") fmt::print("{}", evaluation_text(evaluation));
    return exit_done;
}

}  // namespace

CommandRun set_up_evaluate(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<Arguments>();
    app.add_option("--model", arguments->options.model, "Model file that unmask train wrote")
        ->required()
        ->option_text("M");
    app.add_option("--data", arguments->options.data, "Manifest of faces")
        ->required()
        ->option_text("faces.csv");
    app.add_option("--split", arguments->options.split, "Rows to measure: train, val, test or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test", "all"}));
    app.add_option(
           "--forge", arguments->forge,
           "none, or self-blend: real faces against forgeries made of them, without the data's fake rows")
        ->capture_default_str()
        ->check(CLI::IsMember({"none", "self-blend"}));
    app.add_option("--seed", arguments->options.seed, "Seed of the forgeries")
        ->capture_default_str()
        ->check(seed_range());
    app.add_option("--batch", arguments->options.batch, "Pictures that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app.add_option("--json", arguments->json, "The figures as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer(
        "A video's score is the mean of its frames' probabilities of fake. Fake is the positive class; "
        "accuracy is at\n"
        "0.5. A figure that the rows leave undefined reads n/a, in JSON null: AUC, EER and AP need both "
        "classes.\n"
        "With several methods each one's fakes are also measured against all real rows of its dataset.");
    return [arguments, &global] { return run(*arguments, global); };
}

}  // namespace unmask
