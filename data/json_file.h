// SPDX-License-Identifier: Apache-2.0
// Lists that come as JSON.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace unmask {

// The file's value. Error names the file: missing, empty, larger than
// 4 GiB, or no JSON and where it ceases to be.
[[nodiscard]] nlohmann::json read_json(const std::filesystem::path& path);

// The value as a text, for messages: cut when it is long, only its type and size when it is nested, without
// line ends.
[[nodiscard]] std::string excerpt(const nlohmann::json& value);

}  // namespace unmask
