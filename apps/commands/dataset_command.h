// SPDX-License-Identifier: Apache-2.0
// Subcommands of `unmask dataset`: one file each (dataset_<name>_command.cpp) and one line in the table of
// dataset_command.cpp.
#pragma once

#include "apps/commands/command.h"

namespace unmask {

CommandRun set_up_dataset_import(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_dataset_export(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_dataset_check(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_dataset_pack(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_dataset_forge(CLI::App& app, const GlobalOptions& global);

}  // namespace unmask
