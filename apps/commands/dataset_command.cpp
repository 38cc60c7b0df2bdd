// SPDX-License-Identifier: Apache-2.0
// unmask dataset: what is done with lists and manifests of pictures, apart from preparing and training.
#include "apps/commands/dataset_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "engine/error.h"

namespace unmask {
namespace {

const std::vector<Command>& dataset_table() {
    static const std::vector<Command> table{
        {"import", "Write the manifest of frame lists, DeepfakeBench's JSON or folders of cropped pictures",
         set_up_dataset_import},
        {"export", "Write a manifest as DeepfakeBench's JSON or as frame lists", set_up_dataset_export},
        {"check", "Look for missing files, copies, leaks between splits and unbalanced classes in manifests",
         set_up_dataset_check},
        {"pack", "Put a manifest and its pictures into one file that loads fast", set_up_dataset_pack},
        {"forge", "Write self-blended forgeries of real faces, and their manifest", set_up_dataset_forge},
    };
    return table;
}

std::string names() {
    std::string names;
    for (const Command& command : dataset_table())
        names += (names.empty() ? "" : ", ") + std::string(command.name);
    return names;
}

}  // namespace

CommandRun set_up_dataset(CLI::App& app, const GlobalOptions& global) {
    auto chosen = std::make_shared<CommandRun>();
    auto unknown = std::make_shared<std::vector<std::string>>();
    for (const Command& command : dataset_table()) {
        CLI::App* subcommand = app.add_subcommand(command.name, command.text);
        subcommand->fallthrough();
        const CommandRun runner = command.set_up(*subcommand, global);
        subcommand->callback([chosen, runner] { *chosen = runner; });
    }
    app.require_subcommand(0, 1);
    app.add_option("subcommand", *unknown)->group("");  // what is none, for the message below
    return [chosen, unknown] {
        if (*chosen) return (*chosen)();
        if (unknown->empty()) fail("dataset: expected a subcommand among {}", names());
        fail("dataset: expected a subcommand among {}, found \"{}\"", names(), unknown->front());
    };
}

}  // namespace unmask
