// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/pickle_value.h"

#include <array>

namespace unmask {

std::string_view PickleValues::kind_of(PickleId id) const {
    constexpr std::array<std::string_view, std::variant_size_v<PickleValue>> names{
        "None",          "a truth value", "a number",     "a floating number", "a text",
        "a huge number", "a list",        "a dictionary", "a global",          "a tensor or its storage"};
    return names[values_[id].index()];
}

int64_t PickleValues::size_at(PickleId id, std::string_view what) const {
    const auto* number = get<int64_t>(id);
    if (number == nullptr) fail("{}: expected a number, found {}", what, kind_of(id));
    if (*number < 0) fail("{}: expected a number of at least 0, found {}", what, *number);
    return *number;
}

const std::string& PickleValues::text_at(PickleId id, std::string_view what) const {
    const auto* text = get<PickleText>(id);
    if (text == nullptr) fail("{}: expected a text, found {}", what, kind_of(id));
    return text->text;
}

const std::vector<PickleId>& PickleValues::items_at(PickleId id, std::string_view what) const {
    const auto* sequence = get<PickleSequence>(id);
    if (sequence == nullptr) fail("{}: expected a tuple, found {}", what, kind_of(id));
    return sequence->items;
}

}  // namespace unmask
