// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/choices.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/error.h"

namespace unmask::cudnn {
namespace {

using Json = nlohmann::json;

}  // namespace

std::optional<TimedChoice> Choices::find(const std::string& problem) const {
    const std::lock_guard lock(mutex_);
    const auto found = choices_.find(problem);
    return found == choices_.end() ? std::nullopt : std::optional(found->second);
}

void Choices::store(const std::string& problem, const TimedChoice& choice) {
    const std::lock_guard lock(mutex_);
    if (choices_.size() < capacity || choices_.contains(problem)) choices_[problem] = choice;
}

std::string Choices::find_name(const std::string& problem) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(problem);
    return found == names_.end() ? std::string() : found->second;
}

void Choices::store_name(const std::string& problem, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (names_.size() < capacity || names_.contains(problem)) names_[problem] = name;
}

std::string Choices::json() const {
    const std::lock_guard lock(mutex_);
    if (choices_.empty() && names_.empty()) return {};
    Json problems = Json::object();
    for (const auto& [problem, stored] : choices_)
        problems[problem] = {{"engine", stored.choice.engine},
                             {"knobs", stored.choice.knobs},
                             {"microseconds", stored.microseconds}};
    return Json{{"cudnn", origin_.cudnn}, {"device", origin_.device}, {"conv2d", problems}, {"named", names_}}
        .dump();
}

std::string Choices::add(const std::string& json) {
    std::map<std::string, TimedChoice> read;
    std::map<std::string, std::string> names;
    Origin origin;
    try {
        const Json root = Json::parse(json);
        origin = {root.at("cudnn").get<size_t>(), root.at("device").get<std::string>()};
        for (const auto& [problem, value] : root.at("conv2d").items()) {
            TimedChoice& stored = read[problem];
            stored.choice.engine = value.at("engine").get<int64_t>();
            stored.choice.knobs = value.at("knobs").get<std::vector<std::pair<int64_t, int64_t>>>();
            stored.microseconds = value.value("microseconds", 0.0);
        }
        if (root.contains("named")) names = root["named"].get<std::map<std::string, std::string>>();
    } catch (const Json::exception& error) {
        fail("tuning choices: expected JSON as tuning() gives it, found {}", error.what());
    }
    if (origin.cudnn != origin_.cudnn || origin.device != origin_.device)
        return fmt::format(
            "{} stored algorithm choices are for cuDNN {} on {}, this is cuDNN {} on {}: they are left out",
            read.size() + names.size(), origin.cudnn, origin.device, origin_.cudnn, origin_.device);
    for (const auto& [problem, stored] : read) store(problem, stored);
    for (const auto& [problem, name] : names) store_name(problem, name);
    return {};
}

}  // namespace unmask::cudnn
