// SPDX-License-Identifier: Apache-2.0
// unmask quantize: a model that computes in 8-bit integers, which is faster, out of one in float32.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/counted.h"
#include "apps/explanation/genuine_maps.h"
#include "apps/output_files.h"
#include "apps/quantization/quantize_model.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct QuantizeArguments {
    QuantizeOptions options;
    std::filesystem::path output;
    std::string range = std::string(name_of(QuantizeOptions().range));
    bool overwrite = false;
};

int run_quantize_command(const QuantizeArguments& arguments, const GlobalOptions& global) {
    QuantizeOptions options = arguments.options;
    options.range = parse_range_rule(arguments.range);
    options.threads = resolved_threads(global.threads);
    options.compute = global.compute;
    if (std::filesystem::exists(arguments.output) && !arguments.overwrite)
        fail("{}: it exists already; --overwrite replaces it", arguments.output.string());
    check_answer_target(arguments.output.string(), {options.model, options.calibration});
    const LoadedDetector model = quantize_model(options);
    // What measures the genuine maps stays valid: they are those of the same network.
    write_safetensors(arguments.output, detector_content(*model.detector, nullptr, model.info,
                                                         tensors_of(genuine_maps_of(model))));
    fmt::print("{}: {} scales found on {} of {} ({})\n", arguments.output.string(),
               model.info.quantization->scales.size(),
               counted(model.info.quantization->pictures, "picture", "pictures"),
               model.info.quantization->data, model.info.quantization->range);
    return exit_done;
}

}  // namespace

CommandRun set_up_quantize(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<QuantizeArguments>();
    QuantizeOptions& options = arguments->options;
    app.add_option("model", options.model, "Model file that unmask train wrote")
        ->required()
        ->option_text("MODEL");
    app.add_option(
           "--calibration", options.calibration,
           "Manifest of faces, or folder of pictures of face crops, like those that will be asked about")
        ->required()
        ->option_text("DATA");
    app.add_option("--out", arguments->output, "Model file to write")->required()->option_text("FILE");
    app.add_option("--split", options.split, "Rows of the manifest: train, val, test or all")
        ->capture_default_str()
        ->check(CLI::IsMember({"train", "val", "test", "all"}));
    app.add_option("--pictures", options.pictures, "At most so many of them, evenly spaced")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app.add_option(
           "--range", arguments->range,
           "Up to where activations are kept: max (all), percentile (99.99% of them) or mse (least squared "
           "error)")
        ->capture_default_str()
        ->check(CLI::IsMember({"max", "percentile", "mse"}));
    app.add_option("--batch", options.batch, "Pictures that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app.add_flag("--overwrite", arguments->overwrite, "Replace FILE");
    app.footer(
        "Batch norm is folded, weights become 8-bit integers with a scale for each channel, activations with "
        "one for each layer,\nfound on the pictures. ResNet and MobileNet. docs/quantization.md has what it "
        "costs and gains.");
    return [arguments, &global] { return run_quantize_command(*arguments, global); };
}

}  // namespace unmask
