// SPDX-License-Identifier: Apache-2.0
// unmask train: a detector from a manifest of faces.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <optional>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/interrupt.h"
#include "apps/settings/recipe.h"
#include "apps/settings/settings.h"
#include "apps/training/lost_rank.h"
#include "apps/training/resume.h"
#include "apps/training/trainer.h"
#include "cpu/affinity.h"
#include "cpu/parallel.h"
#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

struct TrainArguments {
    TrainOptions options;
    std::string recipe;
    std::filesystem::path run;  // to resume
    std::vector<Setting> settings;
    std::map<size_t, std::string> given;  // settings by index, as the command line gave them
    bool print_recipe = false;

    TrainArguments() : settings(train_settings(options)) {}
    TrainArguments(const TrainArguments&) = delete;
    TrainArguments& operator=(const TrainArguments&) = delete;
};

// What the command line says, or the run that is resumed; of that one only where it lies may be said anew.
// Returns with what that run was computed last.
std::optional<RunSession> gather_options(TrainArguments& arguments, const GlobalOptions& global) {
    TrainOptions& options = arguments.options;
    options.threads = global.threads;
    options.compute = global.compute;
    std::optional<RunSession> resumed;
    if (!arguments.run.empty()) {
        if (!options.output.empty() || options.overwrite || !arguments.recipe.empty())
            fail(
                "--resume takes everything from the run: expected no --out, --overwrite or --config with it");
        const std::filesystem::path moved = options.data;
        resumed = take_run_options(arguments.run, options, global.threads > 0, global.given);
        if (!moved.empty()) options.data = moved;
    } else if (!arguments.recipe.empty()) {
        read_recipe(arguments.recipe, arguments.settings);
    }
    for (const auto& [index, text] : arguments.given) set_from_text(arguments.settings[index], text);
    if (!options.initial.empty())
        options.initial = std::filesystem::absolute(options.initial).lexically_normal();
    return resumed;
}

// Where several processes were started together, the first alone speaks.
void join_ranks(Ranks& ranks) {
    ranks.group = join_process_group();
    if (ranks.group && !ranks.lead()) set_up_console("error", true);
}

// What the command line says; else as many as the run was computed with by as many processes, since another
// number may change its bytes; else the cores that this process may run on, with others each rank's part of
// its machine's (ProcessGroup::cpus).
int threads_of(const Ranks& ranks, int given, const std::optional<RunSession>& resumed) {
    if (given > 0) return given;
    if (resumed && resumed->processes == ranks.size()) return resumed->threads;
    return ranks.group ? ranks.group->cpus() : resolved_threads(0);
}

void connect_ranks(TrainOptions& options) {
    Ranks& ranks = options.ranks;
    if (!ranks.group) return;
    options.compute.device = ranks.own_device(options.compute.device);
    try {
        ranks.communicator = communicator_of(options.compute.device, ranks.group);
    } catch (const RankLost& error) {  // before any of them keeps a record that could tell of it
        log_error("{}", error.what());
        throw ToldRankLost(error.what());
    }
    if (const std::string warning =
            binding_warning(int(usable_cpus().size()), launcher_cpus(), ranks.group->local_size());
        !warning.empty())
        log_warning("{}", warning);
    log_notice("{} processes train together, {} on this machine, {} each", ranks.size(),
               ranks.group->local_size(), counted(options.threads, "thread", "threads"));
}

int run_train_command(TrainArguments& arguments, const GlobalOptions& global) try {
    TrainOptions& options = arguments.options;
    const Ranks& ranks = options.ranks;
    join_ranks(options.ranks);
    const std::optional<RunSession> resumed = gather_options(arguments, global);
    if (arguments.print_recipe) {
        if (ranks.lead()) fmt::print("{}", recipe_text(arguments.settings));
        ranks.leave();
        return exit_done;
    }
    if (options.data.empty()) fail("--data is required (see unmask train --help)");
    if (options.output.empty()) fail("--out is required (see unmask train --help)");
    options.threads = threads_of(ranks, global.threads, resumed);
    set_thread_count(options.threads);
    if (resumed)
        log_notice("resuming {}: data {}, device {}, precision {}, {}, its recipe", options.output.string(),
                   options.data.string(), name_of(options.compute.device), name_of(options.compute.precision),
                   counted(options.threads, "thread", "threads"));
    time_algorithms();
    connect_ranks(options);
    static_cast<void>(context_of(options.compute.device));  // an Error now rather than after loading the data
    const TrainResult result = train_detector(options);
    ranks.leave();
    if (!ranks.lead()) return exit_done;
    if (result.was_complete) fmt::print("the run was complete: nothing was left to do\n");
    const EpochRecord& best = result.record.epochs[size_t(result.record.best_epoch - 1)];
    fmt::print("best epoch: {} of {}\nbest model: {}\nlast model: {}\n", best.epoch,
               result.record.epochs.size(), result.best.string(), result.last.string());
    if (best.validation)
        fmt::print("\nvalidation\n{}", evaluation_text(Evaluation{.all = *best.validation, .methods = {}}));
    return exit_done;
} catch (const Interruption& interruption) {
    const Ranks& ranks = arguments.options.ranks;
    if (ranks.lead()) log_warning("{}", interruption.what());
    ranks.leave();
    return interruption.exit_code();
} catch (const ToldRankLost&) {
    return exit_error;
} catch (const RankLost& error) {
    tell_lost_rank(arguments.options, error.what());
    return exit_error;
}

// A setting with a default of text "true" or "false" becomes a pair of flags, everything else an option.
void add_setting(CLI::App& app, const std::shared_ptr<TrainArguments>& arguments, size_t index) {
    const Setting& setting = arguments->settings[index];
    const auto store = [arguments = arguments.get(), index](const std::string& text) {
        arguments->given[index] = text;
    };
    const std::string fallback = value_text(setting.get());
    CLI::Option* option = nullptr;
    if (setting.type == SettingType::boolean) {
        const std::string name = setting.flag().substr(2);
        option = app.add_flag_function(
            fmt::format("--{0},!--no-{0}", name),
            [store](int64_t count) { store(count > 0 ? "true" : "false"); },
            fmt::format("{} ({})", setting.text, fallback));
    } else {
        option = app.add_option_function<std::string>(setting.flag(), store,
                                                      fmt::format("{}; {}", setting.text, setting.expected));
        option->option_text(fallback.empty() ? "TEXT" : fmt::format("[{}]", fallback));
    }
    option->group("[" + setting.section + "]");
}

}  // namespace

CommandRun set_up_train(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<TrainArguments>();
    app.add_option("--data", arguments->options.data, "Manifest of faces, as unmask prepare writes it")
        ->option_text("faces.csv");
    app.add_option("--out", arguments->options.output, "Folder for the models, metrics.csv and run.json")
        ->option_text("RUN");
    app.add_option("--config", arguments->recipe, "Recipe; what the command line gives wins over it")
        ->option_text("FILE.toml");
    app.add_flag("--overwrite", arguments->options.overwrite,
                 "Replace the run in a folder that is not empty");
    app.add_option(
           "--resume", arguments->run,
           "Go on with the interrupted run in that folder, bit for bit; all that it needs it has recorded")
        ->option_text("RUN");
    app.add_flag("--print-recipe", arguments->print_recipe, "Print the settings as a recipe and stop");
    for (size_t i = 0; i < arguments->settings.size(); ++i) add_setting(app, arguments, i);
    app.footer(
        "The settings below a [section] are also the keys of a recipe's section, with _ for -; those of\n"
        "[augmentation] are named there without augment_ (--augment-flip is flip).\n"
        "The same seed, build and machine with the same --threads give the same bytes in the model files.\n"
        "A run keeps checkpoints after each epoch, every --checkpoint-minutes and when it is interrupted\n"
        "(Ctrl-C, SIGTERM). --resume RUN goes on from the last with the run's own data, settings, threads,\n"
        "device and precision; --data says where moved data are now, --threads, --device and --precision\n"
        "compute otherwise, which may change bytes. Exit code 130 or 143: interrupted, resumable.");
    return [arguments, &global] { return run_train_command(*arguments, global); };
}

}  // namespace unmask
