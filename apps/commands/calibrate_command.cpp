// SPDX-License-Identifier: Apache-2.0
// unmask calibrate: fits the temperature and the thresholds that a model file keeps.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/evaluation/calibrate_model.h"
#include "apps/number_range.h"
#include "apps/output_files.h"

namespace unmask {
namespace {

constexpr const char* calibrate_explanation =
    "The temperature divides the model's log odds so that of all pictures that score p a share p is fake; it "
    "changes no\n"
    "order of scores. The thresholds leave undecided what lies between the scores that 5% of the real "
    "pictures "
    "lie\n"
    "above and 5% of the fake ones below. Training fits both on its validation rows; this fits them anew, on "
    "rows that\n"
    "the model was not trained on: those of split val, or data like that which it will be asked about. A "
    "model "
    "without\n"
    "the averages of genuine faces that `explain` measures heat maps from gets these too.";

struct CalibrateArguments {
    EvaluateOptions options;
    std::filesystem::path data, output;
    std::string forge = "none";
};

int run_calibrate_command(const CalibrateArguments& arguments, const GlobalOptions& global) {
    EvaluateOptions options = arguments.options;
    options.data = {arguments.data};
    options.forge = parse_forge(arguments.forge);
    options.threads = resolved_threads(global.threads);
    options.compute = global.compute;
    const std::filesystem::path output = arguments.output.empty() ? options.model : arguments.output;
    check_answer_target(output.string(), {arguments.data});
    const ModelCalibration fitted = calibrate_model(options);
    const GenuineMaps genuine = missing_genuine_maps(options);
    save_calibration(options.model, output, fitted.fit.calibration, tensors_of(genuine));
    const Calibration& calibration = fitted.fit.calibration;
    fmt::print(
        "{} real and {} fake pictures\n{}\nECE         {:.4f} before, {:.4f} after\nlog loss "
        "   "
        "{:.4f} before, {:.4f} after\nreal up to  {:.4f}\nfake from   {:.4f}\n{}\n",
        calibration.real, calibration.fake, temperature_line(fitted.fit), fitted.ece_before, fitted.ece_after,
        fitted.log_loss_before, fitted.log_loss_after, calibration.thresholds.real_up_to,
        calibration.thresholds.fake_from, output.string());
    if (!genuine.branches.empty())
        log_notice("{}: averages of genuine faces, which heat maps are measured from, are new in it",
                   output.string());
    return exit_done;
}

}  // namespace

CommandRun set_up_calibrate(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<CalibrateArguments>();
    EvaluateOptions& options = arguments->options;
    options.split = "val";
    app.add_option("--model", options.model, "Model file that unmask train wrote")
        ->required()
        ->option_text("M");
    app.add_option("--data", arguments->data, "Manifest of faces")->required()->option_text("faces.csv");
    app.add_option("--split", options.split, "Rows to fit on: train, val, test or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test", "all"}));
    app.add_option("--forge", arguments->forge,
                   "none, or self-blend: real faces against forgeries made of them")
        ->capture_default_str()
        ->check(CLI::IsMember({"none", "self-blend"}));
    app.add_option("--seed", options.bootstrap.seed, "Of the forgeries")
        ->capture_default_str()
        ->check(seed_range());
    app.add_option("--batch", options.batch, "Pictures that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app.add_option("--out", arguments->output, "Model file to write; default: the model's own")
        ->option_text("FILE");
    app.footer(calibrate_explanation);
    return [arguments, &global] { return run_calibrate_command(*arguments, global); };
}

}  // namespace unmask
