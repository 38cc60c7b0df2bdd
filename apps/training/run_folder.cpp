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
#include <sstream>
#include <string_view>
#include <system_error>

#include "apps/commands/command.h"
#include "apps/settings/recipe.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* tuning_name = "tuning.json";
constexpr std::array<const char*, 5> run_files{"best.safetensors", "last.safetensors", "metrics.csv",
                                               "run.json", tuning_name};
constexpr std::string_view optimizer_prefix = "optimizer.";

std::string entry(const LoadedDetector& loaded, const std::string& key, const std::filesystem::path& file) {
    const auto found = loaded.info.training.find(key);
    if (found == loaded.info.training.end())
        fail("{}: cannot be resumed: its metadata lack \"{}\"", file.string(), key);
    return found->second;
}

int64_t number(const LoadedDetector& loaded, const std::string& key, const std::filesystem::path& file) {
    const std::string text = entry(loaded, key, file);
    int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0)
        fail("{}: cannot be resumed: expected a number as \"{}\", found \"{}\"", file.string(), key, text);
    return value;
}

// "lr = 0.001" of every line of a recipe that matters for the result.
std::vector<std::string> assignments(const std::string& recipe) {
    std::vector<std::string> lines;
    std::istringstream text(recipe);
    for (std::string line; std::getline(text, line);) {
        const std::string assignment = line.substr(0, line.find(" # "));
        if (assignment.starts_with("workers =") || assignment.starts_with("cache =")) continue;
        lines.push_back(assignment.substr(0, assignment.find_last_not_of(' ') + 1));
    }
    return lines;
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

// A run that failed before its first epoch leaves its records and no model.
bool is_free(const std::filesystem::path& folder) {
    return std::ranges::all_of(std::filesystem::directory_iterator(folder), [](const auto& entry) {
        return entry.path().filename() == "run.json" || entry.path().filename() == "metrics.csv";
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
            std::filesystem::exists(folder / "last.safetensors") ? ", or --resume to go on with it" : "");
    for (const char* name : run_files) {
        std::error_code error;
        std::filesystem::remove(folder / name, error);
        if (error) fail("{}: cannot be replaced: {}", (folder / name).string(), error.message());
    }
    return RunFolder(folder);
}

RunFolder RunFolder::reopen(const std::filesystem::path& folder) {
    for (const char* name : {"last.safetensors", "run.json"})
        if (!std::filesystem::exists(folder / name))
            fail("{}: there is no run to resume: {} is missing", folder.string(), name);
    remove_stale_files(folder);
    return RunFolder(folder);
}

std::vector<EpochRecord> RunFolder::recorded_epochs() const {
    std::ifstream file(folder_ / "run.json", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    try {
        return epochs_of(text.str());
    } catch (const Error& error) {
        fail("{}: {}", (folder_ / "run.json").string(), error.what());
    }
}

RecordedCompute RunFolder::recorded_compute() const {
    std::ifstream file(folder_ / "run.json", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    try {
        return compute_of(text.str());
    } catch (const Error& error) {
        fail("{}: {}", (folder_ / "run.json").string(), error.what());
    }
}

std::string RunFolder::tuning() const {
    const std::filesystem::path path = folder_ / tuning_name;
    if (!std::filesystem::exists(path)) return {};
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) fail("{}: cannot be read", path.string());
    return text.str();
}

void RunFolder::keep_tuning(const std::string& tuning) const {
    write_file_atomically(folder_ / tuning_name, tuning);
}

void RunFolder::write(const RunRecord& record, const std::vector<Setting>& settings) const {
    write_file_atomically(folder_ / "metrics.csv", metrics_csv(record.epochs));
    write_file_atomically(folder_ / "run.json", run_json(record, settings));
}

std::map<std::string, Tensor> optimizer_tensors(const Optimizer& optimizer) {
    std::map<std::string, Tensor> tensors;
    for (const auto& [name, tensor] : optimizer.state())
        tensors[std::string(optimizer_prefix) + name] = tensor;
    return tensors;
}

void restore_optimizer(Optimizer& optimizer, const LoadedDetector& loaded,
                       const std::filesystem::path& file) {
    for (auto& [name, tensor] : optimizer_tensors(optimizer)) {
        const auto found = loaded.extra.find(name);
        if (found == loaded.extra.end()) fail("{}: cannot be resumed: it lacks {}", file.string(), name);
        if (found->second.shape() != tensor.shape() || found->second.dtype() != tensor.dtype())
            fail("{}: cannot be resumed: expected {} of shape {}, found {}", file.string(), name,
                 tensor.shape().str(), found->second.shape().str());
        Tensor target = tensor;
        target.copy_from(found->second);
    }
    optimizer.set_steps_taken(number(loaded, "steps", file));
}

std::map<std::string, std::string> training_metadata(const std::vector<Setting>& settings,
                                                     const std::string& data_hash,
                                                     const RunProgress& progress) {
    return {{"data_hash", data_hash},
            {"epoch", fmt::format("{}", progress.epoch)},
            {"recipe", recipe_text(settings)},
            {"steps", fmt::format("{}", progress.steps)},
            {"threads", fmt::format("{}", progress.threads)}};
}

RunProgress check_resumable(const LoadedDetector& loaded, const std::filesystem::path& file,
                            const std::vector<Setting>& settings, const std::string& data_hash) {
    const std::vector<std::string> before = assignments(entry(loaded, "recipe", file));
    const std::vector<std::string> now = assignments(recipe_text(settings));
    if (before.size() != now.size()) fail("{}: cannot be resumed: it has other settings", file.string());
    for (size_t i = 0; i < before.size(); ++i)
        if (before[i] != now[i])
            fail("{}: cannot be resumed with another setting: expected {}, found {}", file.string(),
                 before[i], now[i]);
    const std::string hash = entry(loaded, "data_hash", file);
    if (hash != data_hash)
        fail("{}: cannot be resumed on other data: expected hash {}, found {}", file.string(), hash,
             data_hash);
    return {.epoch = number(loaded, "epoch", file),
            .steps = number(loaded, "steps", file),
            .threads = loaded.info.training.contains("threads") ? int(number(loaded, "threads", file)) : 0};
}

}  // namespace unmask
