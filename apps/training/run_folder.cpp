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

#include "apps/commands/command.h"
#include "apps/evaluation/score_file.h"
#include "apps/tensorboard/event_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* tuning_name = "tuning.json";
constexpr const char* checkpoints_name = "checkpoints";
constexpr const char* validation_name = "validation";  // holds event files
constexpr std::array<const char*, 7> run_files{"best.safetensors", "last.safetensors", "metrics.csv",
                                               "run.json",         tuning_name,        validation_scores_name,
                                               "report.html"};

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

void remove_file(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) fail("{}: cannot be replaced: {}", path.string(), error.message());
}

// Whether the name is that of a run's file while it is written (see write_file_atomically), by a process that
// is no more.
bool is_stale(std::string_view name) {
    for (const std::string_view file : run_files) {
        if (!name.starts_with(file)) continue;
        std::string_view number = name.substr(file.size());
        if (!number.starts_with(".tmp")) continue;
        number.remove_prefix(4);
        pid_t process = 0;
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), process);
        if (error != std::errc{} || end != number.data() + number.size() || process <= 0) continue;
        return process == ::getpid() || (::kill(process, 0) != 0 && errno == ESRCH);
    }
    return false;
}

void remove_stale_files(const std::filesystem::path& folder) {
    std::error_code error;
    std::vector<std::filesystem::path> stale;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (is_stale(entry.path().filename().string())) stale.push_back(entry.path());
    for (const std::filesystem::path& path : stale) std::filesystem::remove(path, error);
}

bool is_event_file(const std::filesystem::path& path) {
    return path.filename().string().starts_with(event_file_prefix);
}

void remove_event_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (is_event_file(entry.path())) paths.push_back(entry.path());
    for (const std::filesystem::path& path : paths) remove_file(path);
}

// A run that failed before its first checkpoint leaves its records and no model.
bool is_free(const std::filesystem::path& folder) {
    return std::ranges::all_of(std::filesystem::directory_iterator(folder), [](const auto& entry) {
        const std::filesystem::path name = entry.path().filename();
        return name == "run.json" || name == "metrics.csv" || name == validation_scores_name ||
               name == validation_name || is_event_file(name);
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
            std::filesystem::exists(folder / "run.json") ? ", or --resume to go on with it" : "");
    for (const char* name : run_files) remove_file(folder / name);
    remove_event_files(folder);
    remove_event_files(folder / validation_name);
    for (const std::filesystem::path& path : set_aside(folder)) remove_file(path);
    return RunFolder(folder);
}

RunFolder RunFolder::reopen(const std::filesystem::path& folder) {
    if (!std::filesystem::exists(folder / "run.json"))
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

std::string RunFolder::tuning() const {
    const std::filesystem::path path = folder_ / tuning_name;
    return std::filesystem::exists(path) ? read_text(path) : std::string();
}

void RunFolder::keep_tuning(const std::string& tuning) const {
    write_file_atomically(folder_ / tuning_name, tuning);
}

RecordedRun RunFolder::recorded() const {
    const std::filesystem::path path = folder_ / "run.json";
    try {
        return recorded_run(read_text(path));
    } catch (const Error& error) {
        fail("{}: {}", path.string(), error.what());
    }
}

void RunFolder::write(const RunRecord& record, const std::vector<Setting>& settings) const {
    write_file_atomically(folder_ / "metrics.csv", metrics_csv(record.epochs));
    write_file_atomically(folder_ / "run.json", run_json(record, settings));
}

}  // namespace unmask
