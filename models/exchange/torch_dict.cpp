// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/torch_dict.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace unmask {
namespace {

constexpr std::array<std::string_view, 6> wrappers{"state_dict", "model_state_dict", "model", "network",
                                                   "net",        "weights"};
constexpr int most_wrappers = 4;        // around each other
constexpr size_t most_shown_items = 8;  // in a message

// The value under a text key, the last if there are several; null without one.
const PickleId* find(const PickleValues& values, const PickleDict& dict, std::string_view key) {
    const PickleId* found = nullptr;
    for (const auto& [name, value] : dict.items)
        if (const auto* text = values.get<PickleText>(name); text != nullptr && text->text == key)
            found = &value;
    return found;
}

std::string names_of(const PickleValues& values, const PickleDict& dict) {
    std::string names;
    for (size_t i = 0; i < dict.items.size() && i < most_shown_items; ++i) {
        const auto* text = values.get<PickleText>(dict.items[i].first);
        names += (i == 0 ? "" : ", ") +
                 (text != nullptr ? text->text : std::string(values.kind_of(dict.items[i].first)));
    }
    return names.empty() ? "nothing" : names;
}

// The dictionary within its wrappers; what lies beside is added to left_out.
PickleId unwrapped(const PickleValues& values, PickleId root, std::vector<std::string>& left_out) {
    for (int depth = 0; depth < most_wrappers; ++depth) {
        const auto& dict = *values.get<PickleDict>(root);
        const PickleId* inner = nullptr;
        for (const std::string_view wrapper : wrappers)
            if (const PickleId* found = inner == nullptr ? find(values, dict, wrapper) : nullptr;
                found != nullptr && values.get<PickleDict>(*found) != nullptr)
                inner = found;
        if (inner == nullptr) return root;
        for (const auto& [name, value] : dict.items)
            if (const auto* text = values.get<PickleText>(name); text != nullptr && value != *inner)
                left_out.push_back(text->text);
        root = *inner;
    }
    return root;
}

// This program's metadata, where the dictionary has it as an attribute.
std::map<std::string, std::string> metadata_of(const PickleValues& values, PickleId dict,
                                               const TorchObjects& objects) {
    std::map<std::string, std::string> result;
    const PickleId* attributes = objects.state_of(dict);
    for (const std::string_view key : {std::string_view("_metadata"), std::string_view(torch_metadata_key)}) {
        const auto* content = attributes != nullptr ? values.get<PickleDict>(*attributes) : nullptr;
        attributes = content != nullptr ? find(values, *content, key) : nullptr;
    }
    const auto* content = attributes != nullptr ? values.get<PickleDict>(*attributes) : nullptr;
    if (content == nullptr) return result;
    for (const auto& [name, value] : content->items)
        result[values.text_at(name, "metadata")] = values.text_at(value, "metadata");
    return result;
}

}  // namespace

StateDict find_state_dict(const PickleValues& values, PickleId root, const TorchObjects& objects,
                          TorchTensors& tensors) {
    if (values.get<PickleDict>(root) == nullptr)
        fail("expected a dictionary of tensors, found {}", values.kind_of(root));
    StateDict result;
    const PickleId id = unwrapped(values, root, result.left_out);
    const auto& dict = *values.get<PickleDict>(id);
    for (const auto& [name, value] : dict.items) {
        const auto* text = values.get<PickleText>(name);
        if (const TorchTensor* tensor = objects.tensor(values, value); tensor != nullptr && text != nullptr)
            result.tensors[text->text] = tensors.make(*tensor);
        else if (text != nullptr)
            result.left_out.push_back(text->text);
    }
    if (result.tensors.empty())
        fail("expected a dictionary of tensors, or one under state_dict, model or the like; found {}",
             names_of(values, dict));
    result.metadata = metadata_of(values, id, objects);
    return result;
}

}  // namespace unmask
