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

// What is wrong with a text that should have been JSON of a certain form, without the library's own words.
[[nodiscard]] inline std::string json_damage(const nlohmann::ordered_json::exception& error) {
    if (const auto* broken = dynamic_cast<const nlohmann::ordered_json::parse_error*>(&error))
        return "the text is no JSON from byte " + std::to_string(broken->byte) + " on";
    const std::string text = error.what();  // "[json.exception.out_of_range.403] key 'data' not found"
    const size_t end = text.find("] ");
    return "a part is missing or of another kind: " +
           (end == std::string::npos ? text : text.substr(end + 2));
}

}  // namespace unmask
