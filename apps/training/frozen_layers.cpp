// SPDX-License-Identifier: Apache-2.0
#include "apps/training/frozen_layers.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view branches = "branches.";

// The name behind "branches.I.", or nothing for what is in no branch.
std::string_view name_in_branch(std::string_view name) {
    if (!name.starts_with(branches)) return {};
    const size_t dot = name.find('.', branches.size());
    return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

bool begins_with(std::string_view name, std::string_view beginning) {
    return name.starts_with(beginning) && (name.size() == beginning.size() || name[beginning.size()] == '.');
}

// The first convolution and norm have other names in every architecture.
constexpr std::string_view stem_names[] = {"conv1", "bn1", "features.0", "model.0"};

bool covers_one(std::string_view wanted, std::string_view name) {
    const std::string_view inner = name_in_branch(name);
    if (wanted == "backbone") return begins_with(name, "branches");
    if (wanted == "stem")
        return std::ranges::any_of(stem_names,
                                   [&](std::string_view stem) { return begins_with(inner, stem); });
    return begins_with(name, wanted) || (!inner.empty() && begins_with(inner, wanted));
}

// What may be given: the parts of the detector and of a branch.
std::string known_names(const Detector& detector) {
    std::set<std::string> names{"backbone", "stem"};
    for (const auto& [name, variable] : detector.parameters()) {
        const std::string_view inner = name_in_branch(name);
        const std::string_view part = inner.empty() ? std::string_view(name) : inner;
        names.emplace(part.substr(0, part.find('.')));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> split_names(const std::string& text) {
    std::vector<std::string> names;
    std::istringstream stream(text);
    for (std::string name; std::getline(stream, name, ',');) {
        const size_t begin = name.find_first_not_of(' ');
        if (begin == std::string::npos) continue;
        names.push_back(name.substr(begin, name.find_last_not_of(' ') + 1 - begin));
    }
    return names;
}

}  // namespace

FrozenLayers::FrozenLayers(Detector& detector, const std::string& names)
    : detector_(detector), names_(split_names(names)) {
    const std::vector<Module::NamedVariable> parameters = detector.parameters();
    for (const std::string& name : names_)
        if (std::ranges::none_of(parameters, [&](const auto& p) { return covers_one(name, p.name); }))
            fail("freeze: expected names of layers out of {} or longer ones, found \"{}\"",
                 known_names(detector), name);
    if (std::ranges::all_of(parameters, [&](const auto& p) { return covers(p.name); }))
        fail("freeze: expected something left to train, found \"{}\" to cover the whole detector", names);
}

bool FrozenLayers::covers(const std::string& name) const {
    return std::ranges::any_of(names_, [&](const std::string& wanted) { return covers_one(wanted, name); });
}

void FrozenLayers::freeze() {
    for (auto& [name, variable] : detector_.parameters())
        if (covers(name)) variable.set_requires_grad(false);
    detector_.set_training(false, [this](const std::string& name) { return covers(name); });
}

void FrozenLayers::thaw() {
    for (auto& [name, variable] : detector_.parameters()) variable.set_requires_grad(true);
    detector_.set_training(true);
    names_.clear();
}

int64_t FrozenLayers::parameter_count() const {
    int64_t count = 0;
    for (const auto& [name, variable] : detector_.parameters())
        if (covers(name)) count += variable.value().numel();
    return count;
}

}  // namespace unmask
