// SPDX-License-Identifier: Apache-2.0
// Subcommands: one file each (<name>_command.cpp) and one line in the table of command_line.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "apps/compute.h"

namespace CLI {
class App;
}

namespace unmask {

// Given before or after the subcommand's name.
struct GlobalOptions {
    int threads = 0;  // 0: one per core
    Compute compute;
    ComputeGiven given;  // what of it the command line says
    bool quiet = false;
    std::string log_level = "info";
};

// Runs a command whose options have been parsed; returns the exit code or throws Error.
using CommandRun = std::function<int()>;

struct Command {
    const char* name;
    const char* text;
    CommandRun (*set_up)(CLI::App& app, const GlobalOptions& global);  // adds the options
    bool shares_work = false;  // whether several processes, started together, do it together
};

CommandRun set_up_prepare(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_dataset(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_train(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_evaluate(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_calibrate(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_verify(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_report(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_detect(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_quantize(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_convert(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_explain(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_serve(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_embed(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_demo(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_bench(CLI::App& app, const GlobalOptions& global);
CommandRun set_up_profile(CLI::App& app, const GlobalOptions& global);

}  // namespace unmask
