// SPDX-License-Identifier: Apache-2.0
// unmask dataset pack: a manifest and all its pictures as one file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/dataset_command.h"
#include "apps/counted.h"
#include "apps/interrupt.h"
#include "apps/output_files.h"
#include "apps/progress.h"
#include "data/shard/shard.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct DatasetPackArguments {
    std::filesystem::path manifest, output;
    PackOptions options;
    bool overwrite = false;
};

int run_dataset_pack_command(const DatasetPackArguments& arguments) {
    if (std::filesystem::exists(arguments.output) && !arguments.overwrite)
        fail("{}: it exists already; --overwrite replaces it", arguments.output.string());
    const Manifest manifest = read_manifest(arguments.manifest);
    // A shard may be packed anew into its own place, a list of pictures would be lost.
    if (manifest.shard == nullptr) check_answer_target(arguments.output.string(), {arguments.manifest});
    Progress progress("pack", int64_t(manifest.rows.size()), "pictures");
    const InterruptWatch watch;
    const uint64_t bytes =
        pack_shard(manifest, arguments.output, arguments.options, [&](int64_t done, int64_t) {
            progress.update(done);
            if (const int signal = InterruptWatch::received(); signal != 0)  // nothing is left behind
                throw Interruption(signal,
                                   fmt::format("interrupted: {} was not written", arguments.output.string()));
        });
    fmt::print("{}: {}, {}\n", arguments.output.string(), counted(manifest.rows.size(), "row", "rows"),
               bytes_text(int64_t(bytes)));
    return exit_done;
}

}  // namespace

CommandRun set_up_dataset_pack(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<DatasetPackArguments>();
    app.add_option("manifest", arguments->manifest, "Manifest of faces")
        ->required()
        ->option_text("faces.csv");
    app.add_option("--out", arguments->output, "The shard to be written")->required()->option_text("FILE");
    app.add_option("--size", arguments->options.size,
                   "Store every picture decoded and resized to this side in pixels (3 bytes a pixel), which "
                   "loads fastest at that size; without it the pictures' files are stored as they are")
        ->check(CLI::Range(1, 4096))
        ->option_text("N");
    app.add_flag("--overwrite", arguments->overwrite, "Replace an existing shard");
    app.footer("Every command that takes a manifest takes the shard in its place.");
    return [arguments] { return run_dataset_pack_command(*arguments); };
}

}  // namespace unmask
