// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_folder.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "apps/evaluation/score_file.h"
#include "apps/output_files.h"
#include "apps/tensorboard/event_file.h"
#include "data/folder_lock.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* record_name = "run.json";
constexpr const char* checkpoints_name = "checkpoints";
constexpr const char* validation_name = "validation";              // holds event files
constexpr std::string_view waiting_prefix = "validation_scores-";  // and the epoch
constexpr std::string_view temporary_suffix = ".tmp";              // and the process that writes
constexpr std::array<std::string_view, 7> run_files{
    "best.safetensors", "last.safetensors",     "metrics.csv", record_name,
    "tuning.json",      validation_scores_name, "report.html"};

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) fail("{}: cannot be read", path.string());
    return text.str();
}

std::string checkpoint_name(int64_t steps) {
    return fmt::format("step-{:09}.safetensors", steps);
}

bool is_checkpoint_name(std::string_view name) {
    return name.starts_with("step-") && name.ends_with(".safetensors");
}

// What was set aside, the newest first: numbers of one length sort by name.
std::vector<std::filesystem::path> set_aside(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder / checkpoints_name, error))
        if (is_checkpoint_name(entry.path().filename().string())) paths.push_back(entry.path());
    std::ranges::sort(paths, std::greater<>());
    return paths;
}

std::string tuning_name(int rank) {
    return rank == 0 ? "tuning.json" : fmt::format("tuning-{}.json", rank);
}

// Of a rank after the first.
bool is_other_tuning(std::string_view name) {
    return name.starts_with("tuning-") && name.ends_with(".json");
}

bool is_waiting(std::string_view name) {
    return name.starts_with(waiting_prefix) && name.ends_with(".csv");
}

void remove_file(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) fail("{}: cannot be replaced: {}", path.string(), error.message());
}

// Whether the name is that of a run's file while it is written (see write_file_atomically), by a process that
// is no more.
bool is_stale(std::string_view name) {
    const size_t end_of_name = name.find(temporary_suffix);
    if (end_of_name == std::string_view::npos) return false;
    const std::string_view file = name.substr(0, end_of_name);
    if (std::ranges::find(run_files, file) == run_files.end() && !is_other_tuning(file) && !is_waiting(file))
        return false;
    const std::string_view number = name.substr(end_of_name + temporary_suffix.size());
    pid_t process = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), process);
    if (error != std::errc{} || end != number.data() + number.size() || process <= 0) return false;
    return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
}

void remove_stale_files(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> stale;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (is_stale(entry.path().filename().string())) stale.push_back(entry.path());
    for (const std::filesystem::path& path : stale) std::filesystem::remove(path, error);
}

bool is_event_file(std::string_view name) {
    return name.starts_with(event_file_prefix);
}

void remove_files(const std::filesystem::path& folder, bool (*chosen)(std::string_view name)) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (chosen(entry.path().filename().string())) paths.push_back(entry.path());
    for (const std::filesystem::path& path : paths) remove_file(path);
}

// A run that failed before its first checkpoint leaves its records and no model.
bool is_free(const std::filesystem::path& folder) {
    return std::ranges::all_of(std::filesystem::directory_iterator(folder), [](const auto& entry) {
        const std::string name = entry.path().filename().string();
        if (name == checkpoints_name) return std::filesystem::is_empty(entry.path());
        return name == record_name || name == "metrics.csv" || name == validation_scores_name ||
               name == FolderLock::name || is_waiting(name) || name == tuning_name(0) ||
               is_other_tuning(name) || name == validation_name || is_event_file(name);
    });
}

}  // namespace

RunFolder RunFolder::create(const std::filesystem::path& folder, bool overwrite) {
    make_folder(folder);
    remove_stale_files(folder);
    if (!overwrite && !is_free(folder))
        fail(
            "{}: the folder is not empty; choose another --out, or give --overwrite to replace the run in "
            "it{}",
            folder.string(),
            std::filesystem::exists(folder / record_name) ? ", or --resume to go on with it" : "");
    return RunFolder(folder);
}

RunFolder RunFolder::reopen(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder / record_name))
        fail("{}: there is no run to resume: run.json is missing", folder.string());
    remove_stale_files(folder);
    return RunFolder(folder);
}

std::vector<std::filesystem::path> RunFolder::checkpoints() const {
    std::vector<std::filesystem::path> paths = set_aside(folder_);
    if (std::filesystem::exists(last())) paths.insert(paths.begin(), last());
    return paths;
}

void RunFolder::set_aside_last(int64_t steps) const {
    make_folder(folder_ / checkpoints_name);
    const std::filesystem::path place = folder_ / checkpoints_name / checkpoint_name(steps);
    remove_file(place);
    std::error_code error;
    std::filesystem::create_hard_link(last(), place, error);
    if (!error) return;
    // A file system without links.
    write_file_atomically(
        place, [this](std::ostream& out) { out << std::ifstream(last(), std::ios::binary).rdbuf(); });
}

void RunFolder::remove_old_checkpoints(int keep) const {
    const std::vector<std::filesystem::path> kept = set_aside(folder_);
    for (size_t i = size_t(keep); i < kept.size(); ++i) remove_file(kept[i]);
}

std::filesystem::path RunFolder::waiting_scores(int64_t epoch) const {
    return folder_ / fmt::format("{}{}.csv", waiting_prefix, epoch);
}

void RunFolder::take_waiting_scores(int64_t epoch) const {
    std::error_code error;
    const std::filesystem::path scores = waiting_scores(epoch), place = folder_ / validation_scores_name;
    if (std::filesystem::exists(scores)) std::filesystem::rename(scores, place, error);
    if (error) fail("{}: cannot be written: {}", place.string(), error.message());
    remove_files(folder_, &is_waiting);
}

std::string RunFolder::tuning(int rank) const {
    const std::filesystem::path path = folder_ / tuning_name(rank);
    return std::filesystem::exists(path) ? read_text(path) : std::string();
}

void RunFolder::keep_tuning(const std::string& tuning, int rank) const {
    write_file_atomically(folder_ / tuning_name(rank), tuning);
}

RecordedRun RunFolder::recorded() const {
    const std::filesystem::path path = folder_ / record_name;
    try {
        return recorded_run(read_text(path));
    } catch (const Error& error) {
        const bool has_models = std::filesystem::exists(last());
        fail("{}: {}; {}", path.string(), error.what(),
             has_models
                 ? fmt::format(
                       "put a copy of it back, or begin a new run from the models: unmask train --init {} "
                       "--out …",
                       last().string())
                 : std::string("put a copy of it back, or begin the run anew"));
    }
}

void RunFolder::begin(const RunRecord& record, const std::vector<Setting>& settings) const {
    UNMASK_ASSERT(record.status == starting_status);
    write_file_atomically(folder_ / record_name, run_json(record, settings));
    for (const std::string_view name : run_files)
        if (name != record_name) remove_file(folder_ / name);
    remove_files(folder_, &is_other_tuning);
    remove_files(folder_, &is_waiting);
    remove_files(folder_, &is_event_file);
    remove_files(folder_ / validation_name, &is_event_file);
    for (const std::filesystem::path& path : set_aside(folder_)) remove_file(path);
    for (const char* name : {checkpoints_name, validation_name}) {
        std::error_code not_empty;  // something that is no run's
        std::filesystem::remove(folder_ / name, not_empty);
    }
}

void RunFolder::write(const RunRecord& record, const std::vector<Setting>& settings) const {
    write_file_atomically(folder_ / record_name, run_json(record, settings));
    write_file_atomically(folder_ / "metrics.csv", metrics_csv(record.epochs));
}

}  // namespace unmask
