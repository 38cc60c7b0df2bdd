// SPDX-License-Identifier: Apache-2.0
// unmask dataset export: a manifest for other programs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/dataset_command.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/dataset/import_answer.h"
#include "apps/output_files.h"
#include "data/lists/export.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct DatasetExportArguments {
    std::filesystem::path manifest, deepfakebench, lists;
    ExportOptions options;
    std::string json;
};

int run_dataset_export_command(const DatasetExportArguments& arguments) {
    if (arguments.deepfakebench.empty() == arguments.lists.empty())
        fail("dataset export: expected one of --deepfakebench FILE and --lists DIR");
    check_answer_target(arguments.json, {arguments.manifest});
    check_answer_target(arguments.deepfakebench.string(), {arguments.manifest});
    const Manifest manifest = read_manifest(arguments.manifest);
    const ExportResult result =
        arguments.lists.empty() ? export_deepfakebench(manifest, arguments.deepfakebench, arguments.options)
                                : export_txt_lists(manifest, arguments.lists, arguments.options);
    for (const std::string& notice : result.notices) log_warning("{}", notice);
    if (!arguments.json.empty()) write_answer(arguments.json, export_answer(result));
    if (arguments.json == "-") return exit_done;
    fmt::print("{} of {}\n", counted(result.frames, "frame", "frames"),
               counted(result.videos, "video", "videos"));
    for (const auto& file : result.files) fmt::print("written: {}\n", file.string());
    return exit_done;
}

}  // namespace

CommandRun set_up_dataset_export(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<DatasetExportArguments>();
    app.add_option("manifest", arguments->manifest, "Manifest of faces")
        ->required()
        ->option_text("faces.csv");
    app.add_option("--deepfakebench", arguments->deepfakebench, "The JSON to be written")
        ->option_text("FILE");
    app.add_option("--lists", arguments->lists,
                   "Folder that gets {train,val,test}_{real,fake}.txt; expects a folder of frames for each "
                   "video, all of "
                   "them in the same split")
        ->option_text("DIR");
    app.add_option("--root", arguments->options.root,
                   "Paths below this folder are written relative to it; without it all are absolute")
        ->option_text("DIR");
    app.add_option("--compression", arguments->options.compression,
                   "For DeepfakeBench: the level of FaceForensics++ rows that say none")
        ->check(CLI::IsMember({"raw", "c0", "c23", "c40"}))
        ->option_text("LEVEL");
    app.add_option("--json", arguments->json, "The report as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer(
        "What a format cannot hold (rows without a split, in lists also methods) is said in a notice.");
    return [arguments] { return run_dataset_export_command(*arguments); };
}

}  // namespace unmask
