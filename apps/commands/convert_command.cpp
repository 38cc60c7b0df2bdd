// SPDX-License-Identifier: Apache-2.0
// unmask convert: a model out of another program's file, or into one.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/explanation/genuine_maps.h"
#include "apps/option_value.h"
#include "apps/output_files.h"
#include "engine/error.h"
#include "models/backbone.h"
#include "models/exchange/export_torch.h"
#include "models/exchange/import.h"
#include "models/exchange/onnx_export.h"

namespace unmask {
namespace {

struct ConvertArguments {
    std::filesystem::path input, output;
    ImportOptions import;
    bool rgb = false, overwrite = false;
    std::string names = "unmask", weights;
};

enum class Target { safetensors, torch, onnx };

Target target_of(const std::filesystem::path& path) {
    const std::string extension = path.extension().string();
    if (extension == ".safetensors") return Target::safetensors;
    if (extension == ".pth" || extension == ".pt") return Target::torch;
    if (extension == ".onnx") return Target::onnx;
    fail("{}: expected a name ending in .safetensors, .pth, .pt or .onnx", path.string());
}

// What a model without the state of its training is good for, in such a file.
std::string use_of(Target target) {
    if (target == Target::onnx) return "";
    return target == Target::torch ? ": it serves as --init" : ": it serves to detect, and as --init";
}

// Before the work: whether it can end well.
void check(const ConvertArguments& arguments, Target target) {
    if (arguments.names != "unmask" && target != Target::torch)
        fail("--names is for PyTorch files, found {}", arguments.output.string());
    if (!arguments.weights.empty() && target != Target::safetensors)
        fail("--weights is for model files, found {}", arguments.output.string());
    if (!arguments.weights.empty())
        static_cast<void>(option_value("--weights", parse_weight_format, arguments.weights));
    if (target == Target::onnx) require_onnx();
    if (std::filesystem::exists(arguments.output) && !arguments.overwrite)
        fail("{}: it exists already; --overwrite replaces it", arguments.output.string());
    check_answer_target(arguments.output.string());
}

int run_convert_command(const ConvertArguments& arguments) {
    const Target target = target_of(arguments.output);
    check(arguments, target);
    ImportOptions options = arguments.import;
    options.paper_reads_bgr = !arguments.rgb;
    ImportedDetector imported = import_detector(arguments.input, options);
    log_notice("{}: {}", arguments.input.string(), imported.kind);
    for (const std::string& notice : imported.notices) log_notice("{}: {}", arguments.input.string(), notice);
    LoadedDetector& loaded = imported.loaded;
    const GenuineMaps genuine = genuine_maps_of(loaded);
    std::vector<std::string> notices;
    if (!arguments.weights.empty()) loaded.info.weights = parse_weight_format(arguments.weights);
    const bool was_quantized = loaded.info.quantization.has_value();
    if (!arguments.weights.empty() || target != Target::safetensors) loaded.info.quantization.reset();
    switch (target) {
        case Target::safetensors:
            write_safetensors(arguments.output,
                              detector_content(*loaded.detector, nullptr, loaded.info, tensors_of(genuine)));
            break;
        case Target::torch:
            notices = export_torch(arguments.output, *loaded.detector, loaded.info,
                                   arguments.names == "paper" ? TorchNames::paper : TorchNames::unmask);
            break;
        case Target::onnx:
            export_onnx(arguments.output, *loaded.detector, loaded.info);
            break;
    }
    if (was_quantized && !loaded.info.quantization)
        notices.emplace_back("it computes in float32: the scales of 8-bit arithmetic are left out");
    if (!genuine.branches.empty() && target != Target::safetensors)
        notices.emplace_back(
            "the averages of genuine faces that heat maps are measured from are left out: such a file has no "
            "place for them");
    if (!loaded.objective.empty() || loaded.extra.size() > genuine.branches.size())
        notices.push_back("the state of its training is left out" + use_of(target));
    for (const std::string& notice : notices) log_notice("{}: {}", arguments.output.string(), notice);
    const DetectorOptions& made = loaded.detector->options();
    fmt::print("{}: {}, {}, width {}, {} pixels\n", arguments.output.string(), made.backbone,
               counted(made.branches, "branch", "branches"), made.width, made.size);
    return exit_done;
}

}  // namespace

CommandRun set_up_convert(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<ConvertArguments>();
    app.add_option("in", arguments->input, "Model file, PyTorch file (.pth, .pt) or other safetensors")
        ->required()
        ->option_text("IN");
    app.add_option("out", arguments->output,
                   "File to be written: .safetensors, .pth, .pt or .onnx by its name")
        ->required()
        ->option_text("OUT");
    ImportOptions& import = arguments->import;
    app.add_option("--backbone", import.backbone,
                   fmt::format("Network of the branches, where several would fit: {}",
                               fmt::join(backbone_names(), ", ")))
        ->option_text("NAME");
    app.add_option("--branches", import.branches, "Branches of a detector that a classifier begins [4]")
        ->option_text("N");
    app.add_option("--width", import.width, "Width of the backbone, where it is an unusual one")
        ->option_text("X");
    app.add_option("--size", import.size, "Side of the input in pixels [the file's, else 224]")
        ->option_text("N");
    app.add_option("--dropout", import.dropout, "Dropout in training [the file's, else 0.5]")
        ->option_text("P");
    app.add_option("--seed", import.seed, "Of what the file lacks and is drawn anew")->option_text("N");
    app.add_flag("--rgb", arguments->rgb,
                 "A file of the paper's code was trained on RGB, not on BGR as published");
    app.add_option("--names", arguments->names, "Of tensors in a PyTorch file: unmask, or paper for its code")
        ->check(CLI::IsMember({"unmask", "paper"}))
        ->option_text("NAME");
    app.add_option("--weights", arguments->weights,
                   "What a model file keeps filters in: f32, bf16 or int8 (smaller, less exact) [the file's, "
                   "else f32]")
        ->option_text("NAME");
    app.add_flag("--overwrite", arguments->overwrite, "Replace OUT");
    app.footer(
        "IN may be a model file of unmask or its export, a state dict of the paper's code, or a "
        "classifier's\n"
        "(torchvision's resnet18/34/50, efficientnet_b0; MobileNetV1), whose weights every branch begins "
        "with.\n"
        "PyTorch files are read as data: no code in them is run. docs/formats.md has the details.");
    return [arguments] { return run_convert_command(*arguments); };
}

}  // namespace unmask
