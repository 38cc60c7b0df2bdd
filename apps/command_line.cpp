// SPDX-License-Identifier: Apache-2.0
#include "apps/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <new>

#include "apps/build_information.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/help_text.h"
#include "apps/interrupt.h"
#include "apps/option_value.h"
#include "cpu/parallel.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

const std::vector<Command>& command_table() {
    static const std::vector<Command> table{
        {"prepare", "Cut faces out of videos and write the manifest that training reads", set_up_prepare},
        {"dataset", "Import, export, check, pack and forge manifests of pictures", set_up_dataset},
        {"train", "Train a detector on a manifest of faces", set_up_train, true},
        {"evaluate", "Measure a trained detector on a manifest of faces", set_up_evaluate},
        {"calibrate", "Fit the temperature and the thresholds of a model's scores", set_up_calibrate},
        {"verify", "Check that a training run's model gives the figures that the run recorded",
         set_up_verify},
        {"report", "Make the page about a training run again", set_up_report},
        {"detect", "Say of pictures, videos and folders whether their faces are real or fake", set_up_detect},
        {"convert", "Import a model from PyTorch or safetensors, or export one, also to ONNX",
         set_up_convert},
        {"quantize", "Make a model that computes in 8-bit integers, faster on the CPU", set_up_quantize},
        {"explain", "Show where in the faces of a file the detector sees a forgery, as pictures",
         set_up_explain},
        {"serve", "Detect for a browser and for programs: a local page to drop files on", set_up_serve},
        {"embed", "Write a model as a header for C and C++ programs that carry it", set_up_embed},
        {"demo", "Draw faces, forge half of them, train, evaluate and detect: the whole way without any data",
         set_up_demo},
        {"bench", "Time inference or training with random weights and images", set_up_bench},
        {"profile", "Show where the time of inference or training goes, layer by layer", set_up_profile},
    };
    return table;
}

// Of several processes that were started together the first one speaks. The others end without an error,
// lest the launcher stops the first before it has spoken.
bool is_one_too_many(const Command& command) {
    const int processes = launched_processes();
    if (command.shares_work || processes == 1) return false;
    if (launched_rank() == 0)
        fail("unmask {} is the work of one process, found {} started together: only unmask train shares its",
             command.name, processes);
    return true;
}

std::string command_names() {
    std::string names;
    for (const Command& command : command_table())
        names += (names.empty() ? "" : ", ") + std::string(command.name);
    return names;
}

constexpr const char* exit_code_text =
    "Exit codes:\n"
    "  0    done; of serve also: ended by Ctrl-C or SIGTERM\n"
    "  1    done, but some of the inputs failed (each is named), dataset check found a problem, verify a\n"
    "       difference, or the demo's detector is worse than it should be\n"
    "  2    wrong usage, model or data: the message says what\n"
    "  130  stopped by Ctrl-C; 143: by SIGTERM. Training keeps a checkpoint";

// Below the help of every subcommand.
constexpr const char* global_options_text =
    "Global options (--threads, --device, --quiet, ...): unmask --help";

// Each subcommand's footer is what it says itself, and where the rest is.
void add_footers(CLI::App& app) {
    const std::string own = app.get_footer();
    app.footer(own.empty() ? global_options_text : own + "\n" + global_options_text);
    for (CLI::App* subcommand : app.get_subcommands({})) add_footers(*subcommand);
}

// "unmask dataset check", as far as the command line was understood.
std::string understood_command(const CLI::App& app) {
    const std::vector<CLI::App*> parsed = app.get_subcommands();
    return parsed.empty() ? app.get_name() : app.get_name() + " " + understood_command(*parsed.front());
}

// What the command line says of GlobalOptions::compute.
struct ComputeText {
    std::string device = "cpu", precision = "f32", schedule = "auto", winograd = "inference",
                recompute = "none";
    bool nondeterministic = false;
};

void add_global_options(CLI::App& app, GlobalOptions& global, ComputeText& compute) {
    app.set_version_flag("--version", version_text);
    app.add_option("--threads", global.threads,
                   "Threads to compute with; 0: one per core that the process may run on")
        ->capture_default_str()
        ->check(CLI::Range(0, 1024))
        ->option_text("N");
    app.add_option("--device", compute.device, "Where to compute: cpu, cuda or cuda:N")
        ->capture_default_str()
        ->option_text("NAME");
    app.add_option(
           "--precision", compute.precision,
           "On a GPU: f32, tf32 or bf16 (bf16 with float32 parameters); int8, also on the CPU: only for "
           "bench and profile")
        ->capture_default_str()
        ->option_text("NAME");
    app.add_option(
           "--branch-schedule", compute.schedule,
           "Order of the branches' work: auto (parallel on the CPU in one process; on a GPU the fastest, "
           "measured, in train and bench by one process, and parallel where others score few pictures; else "
           "separate), separate, merged_stems, lockstep "
           "(norms of all in one call) or parallel (side by side; on the CPU if there are as many branches "
           "as threads)")
        ->capture_default_str()
        ->option_text("NAME");
    app.add_option("--winograd", compute.winograd,
                   "On the CPU: 3x3 convolutions, in 8-bit integers too, and a first layer of 7x7, by "
                   "Winograd's algorithm in no work, in inference, or in all (off, inference, all)")
        ->capture_default_str()
        ->option_text("WHERE");
    app.add_flag("--recompute{all}", compute.recompute,
                 "In training: less memory and more time, since backward runs the branches' stages again; "
                 "--recompute=N the first N of each alone, which have the largest maps")
        ->option_text("[=N]");
    app.add_flag("--nondeterministic", compute.nondeterministic,
                 "On a GPU: allow algorithms that round otherwise each time");
    app.add_option("--log-level", global.log_level, "trace, debug, info, warning, error or off")
        ->capture_default_str()
        ->option_text("LEVEL");
    app.add_flag("--quiet", global.quiet, "No progress and no notices");
}

// A full disk shows here at the latest.
void check_output() {
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)
        fail("standard output: writing failed");
}

int run(int argc, const char* const* argv) {
    GlobalOptions global;
    ComputeText compute;
    CLI::App app("Finds faces that were forged.", "unmask");
    app.require_subcommand(1);
    app.formatter(std::make_shared<HelpText>());
    add_global_options(app, global, compute);
    const Command* named = nullptr;
    CommandRun chosen;
    for (const Command& command : command_table()) {
        CLI::App* subcommand = app.add_subcommand(command.name, command.text);
        subcommand->fallthrough();
        const CommandRun runner = command.set_up(*subcommand, global);
        add_footers(*subcommand);
        subcommand->callback([&, runner] {
            named = &command;
            chosen = runner;
        });
    }
    app.footer(std::string("The options above may stand before or after the subcommand, whose own options\n"
                           "unmask SUBCOMMAND --help lists.\n") +
               exit_code_text);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {  // --help, --version
            const int code = app.exit(error);
            check_output();
            return code;
        }
        const std::vector<std::string> unknown = app.remaining();
        if (app.get_subcommands().empty() && !unknown.empty())
            fail("expected a subcommand among {}, found \"{}\"", command_names(), unknown.front());
        fail("{} (see {} --help)", error.what(), understood_command(app));
    }
    set_up_console(global.log_level, global.quiet);
    if (is_one_too_many(*named)) return exit_done;
    global.given = {.device = app.count("--device") > 0,
                    .precision = app.count("--precision") > 0,
                    .schedule = app.count("--branch-schedule") > 0,
                    .winograd = app.count("--winograd") > 0,
                    .recompute = app.count("--recompute") > 0,
                    .nondeterministic = compute.nondeterministic};
    global.compute = {option_value("--device", parse_device, compute.device),
                      option_value("--precision", parse_precision, compute.precision),
                      option_value("--branch-schedule", parse_branch_schedule, compute.schedule),
                      option_value("--winograd", parse_winograd, compute.winograd),
                      option_value("--recompute", parse_recomputed_stages, compute.recompute)};
    if (global.compute.precision == Precision::int8 && std::string_view(named->name) != "bench" &&
        std::string_view(named->name) != "profile")
        fail(
            "--precision int8 is for bench and profile: a model file says itself what it computes in (unmask "
            "quantize makes one)");
    // An Error now rather than after loading the data. One of several processes does not know its GPU yet.
    const auto prepare = launched_processes() == 1 ? prepare_compute : set_compute;
    prepare(global.compute, !compute.nondeterministic);
    set_thread_count(resolved_threads(global.threads));
    const int code = chosen();
    check_output();
    return code;
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
    try {
        return run(argc, argv);
    } catch (const Error& error) {
        log_error("{}", error.what());
    } catch (const Interruption& interruption) {
        log_warning("{}", interruption.what());
        return interruption.exit_code();
    } catch (const std::bad_alloc&) {
        log_error("out of memory");
    } catch (const std::exception& error) {
        log_error("{}", error.what());
    }
    return exit_error;
}

}  // namespace unmask
