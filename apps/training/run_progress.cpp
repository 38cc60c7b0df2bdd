// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "apps/console.h"
#include "apps/settings/recipe.h"
#include "data/data_hash.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Settings that a run may go on with otherwise.
constexpr std::array<std::string_view, 5> without_consequence{"workers", "cache", "checkpoint_minutes",
                                                              "keep", "data_hash"};

// The sums of a part of an epoch, by their names among the metadata.
template <class Terms>
auto named_sums(Terms& sum) {
    return std::array{std::pair{"sum_classification", &sum.classification},
                      std::pair{"sum_global_information", &sum.global_information},
                      std::pair{"sum_local_information", &sum.local_information}};
}

class Entries {
  public:
    Entries(const LoadedDetector& loaded, const std::filesystem::path& file)
        : entries_(loaded.info.training), file_(file) {}

    [[nodiscard]] bool has(const std::string& key) const { return entries_.contains(key); }
    [[nodiscard]] const std::string& text(const std::string& key) const {
        const auto found = entries_.find(key);
        if (found == entries_.end())
            fail("{}: cannot be resumed: its metadata lack \"{}\"", file_.string(), key);
        return found->second;
    }
    template <class Number>
    [[nodiscard]] Number number(const std::string& key) const {
        const std::string& value = text(key);
        Number result{};
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
        const bool counts = std::is_integral_v<Number>;
        if (error != std::errc{} || end != value.data() + value.size() || (counts && result < 0))
            fail("{}: cannot be resumed: expected a number as \"{}\", found \"{}\"", file_.string(), key,
                 value);
        return result;
    }

  private:
    const std::map<std::string, std::string>& entries_;
    const std::filesystem::path& file_;
};

std::vector<Setting> consequential(std::vector<Setting> settings) {
    std::erase_if(settings, [](const Setting& setting) {
        return std::ranges::find(without_consequence, setting.name) != without_consequence.end();
    });
    return settings;
}

// "lr = 0.001" of every line of a recipe that matters for the result.
std::vector<std::string> assignments(const std::string& recipe) {
    std::vector<std::string> lines;
    std::istringstream text(recipe);
    for (std::string line; std::getline(text, line);) {
        if (line.find(" = ") == std::string::npos) continue;
        const std::string assignment = line.substr(0, line.find(" # "));
        const std::string_view name = std::string_view(assignment).substr(0, assignment.find(' '));
        if (std::ranges::find(without_consequence, name) != without_consequence.end()) continue;
        lines.push_back(assignment.substr(0, assignment.find_last_not_of(' ') + 1));
    }
    return lines;
}

}  // namespace

std::map<std::string, std::string> training_metadata(const std::vector<Setting>& settings,
                                                     const std::string& data_hash,
                                                     const RunProgress& progress) {
    std::map<std::string, std::string> metadata{{"data_hash", data_hash},
                                                {"epoch", fmt::format("{}", progress.epoch)},
                                                {"recipe", recipe_text(consequential(settings))},
                                                {"steps", fmt::format("{}", progress.steps)}};
    if (progress.batch == 0) return metadata;
    metadata["batch"] = fmt::format("{}", progress.batch);
    metadata["pictures"] = fmt::format("{}", progress.terms.pictures);
    metadata["seconds"] = fmt::format("{}", progress.seconds);
    metadata["sum_total"] =
        fmt::format("{}", progress.terms.sum.total);  // its shortest text, read back exactly
    for (const auto& [name, sum] : named_sums(progress.terms.sum))
        if (*sum) metadata[name] = fmt::format("{}", **sum);
    return metadata;
}

RunProgress check_resumable(const LoadedDetector& loaded, const std::filesystem::path& file,
                            const std::vector<Setting>& settings, const std::string& data_hash) {
    const Entries entries(loaded, file);
    const std::vector<std::string> before = assignments(entries.text("recipe"));
    const std::vector<std::string> now = assignments(recipe_text(settings));
    if (before.size() != now.size()) fail("{}: cannot be resumed: it has other settings", file.string());
    for (size_t i = 0; i < before.size(); ++i)
        if (before[i] != now[i])
            fail(
                "{0}: cannot be resumed with another setting: expected {1}, found {2}; begin a new run "
                "from it with --init {0}",
                file.string(), before[i], now[i]);
    const std::string& hash = entries.text("data_hash");
    if (data_hash_kind(hash) != data_hash_kind(data_hash))
        log_warning("{}: the data are not compared with the run's: it recorded {}, now it is {}",
                    file.string(), describe_data_hash(hash), describe_data_hash(data_hash));
    else if (hash != data_hash)
        fail("{}: cannot be resumed on other data: expected {}, found {}", file.string(),
             describe_data_hash(hash), describe_data_hash(data_hash));
    RunProgress progress{.epoch = entries.number<int64_t>("epoch"),
                         .steps = entries.number<int64_t>("steps")};
    if (!entries.has("batch")) return progress;
    progress.batch = entries.number<int64_t>("batch");
    progress.seconds = entries.number<double>("seconds");
    progress.terms.pictures = entries.number<int64_t>("pictures");
    progress.terms.sum.total = entries.number<double>("sum_total");
    for (const auto& [name, sum] : named_sums(progress.terms.sum))
        if (entries.has(name)) *sum = entries.number<double>(name);
    return progress;
}

}  // namespace unmask
