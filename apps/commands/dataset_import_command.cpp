// SPDX-License-Identifier: Apache-2.0
// unmask dataset import: a manifest from lists and pictures that others made.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "apps/command_line.h"
#include "apps/commands/dataset_command.h"
#include "apps/commands/split_options.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/dataset/data_warnings.h"
#include "apps/dataset/import_answer.h"
#include "apps/output_files.h"
#include "data/lists/import.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr size_t shown_missing = 20;

struct DatasetImportArguments {
    ListImportOptions options;
    std::vector<std::string> inputs;
    SplitArguments split;
    std::string json;
    bool overwrite = false;
};

ListImportOptions options_of(const DatasetImportArguments& arguments) {
    ListImportOptions options = arguments.options;
    options.inputs.assign(arguments.inputs.begin(), arguments.inputs.end());
    options.split = split_of(arguments.split);
    options.label = label_of(arguments.split);
    options.pictures = picture_rule_of(arguments.split);
    return options;
}

void tell_missing(const std::vector<MissingEntry>& missing) {
    for (size_t i = 0; i < std::min(shown_missing, missing.size()); ++i)
        log_warning("{}: {} {}{}", missing[i].where, missing[i].path.string(), missing[i].problem,
                    missing[i].nearest == missing[i].path ? "" : "; nearest: " + missing[i].nearest.string());
    if (missing.size() > shown_missing)
        log_warning("and {} more that cannot be taken (--json has them all)", missing.size() - shown_missing);
}

int run_dataset_import_command(const DatasetImportArguments& arguments) {
    const std::vector<std::filesystem::path> inputs(arguments.inputs.begin(), arguments.inputs.end());
    check_answer_target(arguments.json, inputs);
    if (std::filesystem::exists(arguments.options.manifest))
        check_answer_target(arguments.options.manifest.string(), inputs);
    const ListImportOptions options = options_of(arguments);
    if (std::filesystem::exists(options.manifest) && !arguments.overwrite)
        fail("{}: it exists already; --overwrite replaces it", options.manifest.string());
    const ImportResult result = import_lists(options);
    for (const std::string& notice : result.notices) log_warning("{}", notice);
    tell_missing(result.missing);
    const bool written = !result.manifest.rows.empty();
    if (written) {
        if (options.manifest.has_parent_path()) make_folder(options.manifest.parent_path());
        write_manifest(options.manifest, result.manifest);
        // Lists that leak are imported as they are: they are what others have trained and tested on.
        for (const std::string& warning : data_warnings(result.manifest)) log_warning("{}", warning);
    }
    if (!arguments.json.empty())
        write_answer(arguments.json,
                     import_answer(result, written ? options.manifest : std::filesystem::path()));
    if (!written) {
        log_error("{}: none of the pictures named there exists; --root says where relative paths start",
                  arguments.inputs.front());
        return exit_error;
    }
    if (arguments.json != "-")
        fmt::print("{} of {} ({} not taken)\nmanifest: {}\n",
                   counted(result.manifest.rows.size(), "picture", "pictures"),
                   counted(result.videos, "video", "videos"), result.missing.size(),
                   options.manifest.string());
    return result.missing.empty() ? exit_done : exit_some_failed;
}

}  // namespace

CommandRun set_up_dataset_import(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<DatasetImportArguments>();
    ListImportOptions& options = arguments->options;
    app.add_option(
           "inputs", arguments->inputs,
           "{train,val,test}_{real,fake}.txt or the folder with them, DeepfakeBench's .json, or a folder "
           "of cropped pictures")
        ->required()
        ->option_text("LIST|FOLDER ...");
    app.add_option("--out", options.manifest, "The manifest to be written")
        ->required()
        ->option_text("faces.csv");
    app.add_flag("--overwrite", arguments->overwrite, "Replace the manifest where there is one already");
    app.add_option("--root", options.root,
                   "Folder from which relative paths start, and below which absolute ones of another machine "
                   "are looked for")
        ->option_text("DIR");
    app.add_option("--compression", options.compression,
                   "Only this level of DeepfakeBench's lists: raw, c0, c23 or c40")
        ->check(CLI::IsMember({"raw", "c0", "c23", "c40"}))
        ->option_text("LEVEL");
    add_split_options(app, arguments->split, "a folder's pictures", "Of folders: ");
    app.add_option("--json", arguments->json, "The report as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer(
        "No picture is copied: the manifest names them where they are. Known corruptions of published lists "
        "are\n"
        "repaired, and a notice says so. A file that is not there is named with the nearest path that "
        "exists;\n"
        "the others are written, and the exit code is 1.");
    return [arguments] { return run_dataset_import_command(*arguments); };
}

}  // namespace unmask
