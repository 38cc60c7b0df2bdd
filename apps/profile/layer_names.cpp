// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/layer_names.h"

#include <fmt/ranges.h>

namespace unmask {
namespace {

std::vector<std::string> parts_of_name(const std::string& name) {
    std::vector<std::string> parts{""};
    for (const char letter : name)
        if (letter == '.')
            parts.emplace_back();
        else
            parts.back() += letter;
    return parts;
}

}  // namespace

LayerNames::LayerNames(const std::vector<Module::NamedTensor>& tensors) {
    for (const auto& [name, tensor] : tensors)
        layers_.try_emplace({tensor.raw(), tensor.bytes()}, name.substr(0, name.find_last_of('.')));
}

std::set<std::string> LayerNames::of(const std::vector<Tensor>& tensors) const {
    std::set<std::string> names;
    for (const Tensor& tensor : tensors)
        if (const auto found = layers_.find({tensor.raw(), tensor.bytes()}); found != layers_.end())
            names.insert(found->second);
    return names;
}

std::string common_name(const std::set<std::string>& names) {
    if (names.empty()) return {};
    std::vector<std::string> common = parts_of_name(*names.begin());
    for (const std::string& name : names) {
        const std::vector<std::string> parts = parts_of_name(name);
        if (parts.size() != common.size()) return {};
        for (size_t i = 0; i < parts.size(); ++i)
            if (parts[i] != common[i]) common[i] = "*";
    }
    return fmt::format("{}", fmt::join(common, "."));
}

}  // namespace unmask
