// SPDX-License-Identifier: Apache-2.0
// Answers as JSON; for the few sources that write JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace unmask {

// As a text with so much indent; -1: in one line. File names need not be UTF-8: what is not becomes the
// replacement character.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& json, int indent = 2) {
    return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// What is undefined is null; of texts the empty one.
[[nodiscard]] inline nlohmann::ordered_json json_of(const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}
[[nodiscard]] inline nlohmann::ordered_json text_or_null(const std::string& text) {
    return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

}  // namespace unmask
